/** Subscriptions to an EventStoreDB whose connections break, that freezes, restarts, changes its leader, or keeps silent. */
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type Batch,
  type EventStore,
  type Position,
  START,
  type StoredEvent,
} from '../../../src/event-store/event-store.ts'
import { connect } from '../../../src/event-store/eventstoredb/connection.ts'
import { LIMITS } from '../../../src/event-store/eventstoredb/limits.ts'
import { createRead } from '../../../src/event-store/eventstoredb/read-call.ts'
import { createReader } from '../../../src/event-store/eventstoredb/reader.ts'
import { subscription } from '../../../src/event-store/eventstoredb/subscription.ts'
import { openSubscriptionBuffer } from '../../../src/event-store/eventstoredb/subscription-buffer.ts'
import type { StandIn } from '../../support/eventstoredb/stand-in.ts'
import { openCluster, openStandIn } from '../../support/stand-ins.ts'
import { newEvent, newEvents, rightOf } from '../place.ts'
import { eventually, openAt, PATIENT } from './opened.ts'

/** What a subscription brings, as it comes. */
const following = (store: EventStore) => {
  const stop = new AbortController()
  const events: StoredEvent[] = []
  const batches: Batch[] = []
  const running = (async () => {
    for await (const batch of store.subscribe({ from: START, signal: stop.signal, batchSize: 16 })) {
      events.push(...batch.events)
      batches.push(batch)
    }
  })()
  return {
    events,
    batches,
    brings: (count: number) =>
      eventually(
        async () => events.length,
        (length) => length >= count,
      ),
    end: async () => {
      stop.abort()
      await running
    },
  }
}

/** Appends until it is stored, once. */
const store = async (to: EventStore, stream: string): Promise<void> => {
  const events = newEvents(3)
  await eventually(
    () => to.append(stream, 'no_stream', events)(),
    ({ _tag }) => _tag === 'Right',
  )
}

const NAMES = Array.from({ length: 20 }, (_, n) => `s${String(n).padStart(2, '0')}`)
const EXPECTED = NAMES.flatMap((stream) => [0, 1, 2].map((revision) => `${stream} ${revision}`))

const named = (events: readonly StoredEvent[]) => events.map(({ stream, revision }) => `${stream} ${revision}`)

describe('every event comes once, in order,', () => {
  test.each<[string, (standIn: StandIn, n: number) => Promise<void> | void]>([
    ['though every connection is cut again and again', (standIn) => standIn.cut()],
    [
      'though calls are cut after a few events',
      (standIn) => standIn.faults.add({ on: 'subscribe', _tag: 'Cut', events: 2 }),
    ],
    [
      'though the server restarts',
      async (standIn, n) => {
        if (n % 7 !== 3) return
        await standIn.stop()
        await standIn.start()
      },
    ],
    [
      'though the server freezes',
      async (standIn, n) => {
        if (n % 10 !== 3) return
        standIn.freeze()
        setTimeout(standIn.thaw, 500)
      },
    ],
    [
      'though subscriptions hang from the start',
      (standIn, n) => {
        if (n % 5 === 1) standIn.faults.add({ on: 'subscribe', _tag: 'Hang' })
        if (n % 5 === 1) standIn.cut()
      },
    ],
  ])('%s', async (_name, disturb) => {
    const standIn = await openStandIn({ systemEventEvery: 3 })
    const [writer, reader] = [await openAt(standIn.address), await openAt(standIn.address, {}, 'read')]
    const follower = following(reader)
    for (const [n, name] of NAMES.entries()) {
      await disturb(standIn, n)
      await store(writer, name)
    }
    await follower.brings(EXPECTED.length)
    expect(named(follower.events)).toEqual(EXPECTED)
    await follower.end()
  })

  test('though another node leads', async () => {
    const cluster = await openCluster(3)
    const [writer, reader] = [await openAt(cluster.address), await openAt(cluster.address, {}, 'read')]
    const follower = following(reader)
    for (const [n, name] of NAMES.entries()) {
      if (n % 6 === 3) cluster.elect(cluster.nodes[n % 3] ?? null)
      await store(writer, name)
    }
    await follower.brings(EXPECTED.length)
    expect(named(follower.events)).toEqual(EXPECTED)
    await follower.end()
  })
})

test('its position moves past events of others while it waits', async () => {
  const standIn = await openStandIn()
  const reader = await openAt(standIn.address, {}, 'read')
  const follower = following(reader)
  await eventually(
    async () => follower.batches.at(-1)?.caughtUp,
    (caughtUp) => caughtUp === true,
  )
  const before = follower.batches.at(-1)?.position ?? START
  standIn.appendSystemEvent()
  await eventually(
    async () => follower.batches.at(-1)?.position ?? START,
    (position) => position > before,
  )
  expect(follower.batches.at(-1)).toMatchObject({ events: [], caughtUp: true })
  await follower.end()
})

test('who takes nothing is sent no more than fits, and the rest later', async () => {
  const standIn = await openStandIn()
  const writer = await openAt(standIn.address, PATIENT)
  const data = `"${'x'.repeat(250_000)}"`
  for (let n = 0; n < 60; n += 1) rightOf(await writer.append(`s${n}`, 'no_stream', [newEvent({ data })])())
  const connection = connect(standIn.address)
  const buffer = openSubscriptionBuffer(connection.link(), START, { prefix: 'run-', events: true })
  await eventually(
    async () => buffer.overflowed(),
    (overflowed) => overflowed,
  )
  await new Promise((resolve) => setTimeout(resolve, 100))
  const taken = () => {
    let events = 0
    while (buffer.ready()) events += buffer.take(1_000).events.length
    return events
  }
  let events = taken()
  expect(events).toBeLessThan(50)
  await eventually(
    async () => {
      events += taken()
      return events
    },
    (count) => count === 60,
  )
  buffer.close()
  await connection.close()
})

/** A source of subscriptions that counts how often they look up the log's end. */
const countingSource = (address: string, meanwhile: () => Promise<unknown>) => {
  const connection = connect(address)
  onTestFinished(() => connection.close())
  const limits = { ...LIMITS, ...PATIENT }
  const reader = createReader(createRead(connection, limits), 'run-')
  let looked = 0
  const counting = {
    ...reader,
    edge: async (after: Position) => {
      looked += 1
      const edge = await reader.edge(after)
      await meanwhile()
      return edge
    },
  }
  const stop = new AbortController()
  const source = { connection, reader: counting, prefix: 'run-', limits, closing: stop.signal }
  return { source, signal: stop.signal, looked: () => looked }
}

test('while it catches up it looks up the log’s end once, not whenever it has handed on what came', async () => {
  const { address } = await openStandIn()
  const to = await openAt(address, PATIENT)
  for (let n = 0; n < 10; n += 1) rightOf(await to.append(`s${n}`, 'no_stream', newEvents(1_000))())
  const more = () => new Promise((resolve) => setTimeout(resolve, 20))
  const { source, signal, looked } = countingSource(address, more)
  let events = 0
  for await (const batch of subscription(source, { from: START, signal })) {
    events += batch.events.length
    if (batch.caughtUp) break
  }
  expect(events).toBe(10_000)
  expect(looked()).toBeLessThanOrEqual(2)
})
