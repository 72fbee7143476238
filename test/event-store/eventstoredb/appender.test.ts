/** Appends to an EventStoreDB that hangs, freezes, loses answers and connections, or has had the events before. */
import { describe, expect, test } from 'vitest'
import type { EventStore } from '../../../src/event-store/event-store.ts'
import { openCluster, openStandIn } from '../../support/stand-ins.ts'
import { leftOf, newEvent, newEvents, rightOf, wholeStream } from '../place.ts'
import { eventually, openAt, PATIENT } from './opened.ts'

const create = (store: EventStore, stream: string, events = newEvents(1)) => store.append(stream, 'no_stream', events)()

const unknown = { _tag: 'StoreUnavailable', outcome: 'unknown', detail: expect.any(String) }
const notStored = { ...unknown, outcome: 'not_stored' }

describe('an append is answered within its time, as unknown,', () => {
  test.each([
    ['where the server keeps silent about it', { _tag: 'Hang' } as const, 0],
    ['where the server stored it and keeps silent', { _tag: 'Hang', stored: true } as const, 1],
    ['where the connection breaks before it is stored', { _tag: 'Cut' } as const, 0],
    ['where the connection breaks after it is stored', { _tag: 'Cut', stored: true } as const, 1],
    ['where the server gives up on it', { _tag: 'Fail', failure: 'timeout' } as const, 0],
  ])('%s, and the next one works', async (_name, misdeed, stored) => {
    const standIn = await openStandIn()
    const store = await openAt(standIn.address)
    rightOf(await create(store, 'before'))
    standIn.faults.add({ on: 'append', ...misdeed })
    expect(leftOf(await create(store, 'a'))).toEqual(unknown)
    expect(await wholeStream(store, 'a')).toHaveLength(stored)
    expect(rightOf(await create(store, 'b')).revision).toBe(0)
  })

  test('where the server is frozen, and works as soon as it goes on', async () => {
    const standIn = await openStandIn()
    const store = await openAt(standIn.address)
    rightOf(await create(store, 'before'))
    standIn.freeze()
    expect(leftOf(await store.append('before', 0, newEvents(1))())).toEqual(unknown)
    // A new stream's metadata are read first.
    expect(leftOf(await create(store, 'a'))).toEqual(notStored)
    standIn.thaw()
    await eventually(
      () => create(store, 'b'),
      ({ _tag }) => _tag === 'Right',
    )
  })

  test('where its disk is full, and works when the server is back', async () => {
    const standIn = await openStandIn()
    const store = await openAt(standIn.address)
    rightOf(await create(store, 'before'))
    standIn.faults.add({ on: 'append', _tag: 'DiskFull' })
    expect(leftOf(await create(store, 'a'))).toEqual(unknown)
    await standIn.start()
    await eventually(
      () => create(store, 'a'),
      ({ _tag }) => _tag === 'Right',
    )
    expect(await wholeStream(store, 'a')).toHaveLength(1)
  })

  test('what the server did before it kept silent is told from what it did not by the same append', async () => {
    const standIn = await openStandIn()
    const store = await openAt(standIn.address)
    const events = newEvents(2)
    standIn.faults.add({ on: 'append', _tag: 'Hang', stored: true })
    expect(leftOf(await create(store, 'a', events))).toEqual(unknown)
    expect(rightOf(await create(store, 'a', events))).toMatchObject({ revision: 1 })
    expect(await wholeStream(store, 'a')).toHaveLength(2)
  })
})

describe('an append is answered as not stored', () => {
  test('where the server is away, and works when it is back', async () => {
    const standIn = await openStandIn()
    const store = await openAt(standIn.address)
    rightOf(await create(store, 'before'))
    await standIn.stop()
    // The connection may break under the first ones.
    await eventually(
      () => create(store, 'a'),
      (answer) =>
        answer._tag === 'Left' && answer.left._tag === 'StoreUnavailable' && answer.left.outcome === 'not_stored',
    )
    expect(leftOf(await create(store, 'a'))).toEqual(notStored)
    await standIn.start()
    await eventually(
      () => create(store, 'b'),
      ({ _tag }) => _tag === 'Right',
    )
    expect(await wholeStream(store, 'a')).toEqual([])
  })

  test.each(['not_ready', 'too_busy'] as const)('where the server says that it is %s', async (failure) => {
    const standIn = await openStandIn()
    const store = await openAt(standIn.address)
    standIn.faults.add({ on: 'append', _tag: 'Fail', failure })
    expect(leftOf(await create(store, 'a'))).toEqual(notStored)
    rightOf(await create(store, 'a'))
  })

  test('where the store is open for reading only', async () => {
    const standIn = await openStandIn()
    const store = await openAt(standIn.address, {}, 'read')
    expect(leftOf(await create(store, 'a'))).toEqual(notStored)
  })
})

test('an append that waits for a short outage to end is stored', async () => {
  const standIn = await openStandIn()
  const store = await openAt(standIn.address, { retryWithin: 5_000, appendWithin: 10_000 })
  await standIn.stop()
  const answer = create(store, 'a')
  await standIn.start()
  // Where the old connection broke under it, it is unknown, and settled by the same append again.
  const settled = await answer
  if (settled._tag === 'Left') expect(settled.left).toEqual(unknown)
  await eventually(
    () => create(store, 'b'),
    ({ _tag }) => _tag === 'Right',
  )
})

test("one connection that breaks harms no other's appends", async () => {
  const [broken, sound] = [await openStandIn(), await openStandIn()]
  const [unlucky, lucky] = [await openAt(broken.address), await openAt(sound.address)]
  rightOf(await create(unlucky, 'before'))
  rightOf(await create(lucky, 'before'))
  sound.faults.add({ on: 'append', _tag: 'Delay', ms: 200 })
  broken.faults.add({ on: 'append', _tag: 'Hang' })
  const both = Promise.all([create(unlucky, 'a'), create(lucky, 'a')])
  await new Promise((resolve) => setTimeout(resolve, 50))
  broken.cut()
  const [lost, kept] = await both
  expect(leftOf(lost)).toEqual(unknown)
  expect(rightOf(kept)).toMatchObject({ revision: 0 })
})

test('one that breaks under many appends leaves none without an answer', async () => {
  const standIn = await openStandIn()
  const store = await openAt(standIn.address)
  rightOf(await create(store, 'before'))
  standIn.faults.add({ on: 'append', _tag: 'Hang', times: 100 })
  const appends = Array.from({ length: 100 }, (_, n) => create(store, `s${n}`))
  standIn.cut()
  for (const answer of await Promise.all(appends)) expect(leftOf(answer)).toEqual(unknown)
})

test('an append to a stream that is there asks for nothing else: no subscription, no read', async () => {
  const standIn = await openStandIn()
  const store = await openAt(standIn.address, PATIENT)
  const streams = Array.from({ length: 50 }, (_, n) => `s${n}`)
  await Promise.all(streams.map((stream) => create(store, stream)))
  for (const on of ['subscribe', 'read'] as const) standIn.faults.add({ on, _tag: 'Hang', times: 50 })
  for (const answer of await Promise.all(streams.map((stream) => store.append(stream, 0, newEvents(1))())))
    expect(rightOf(answer).revision).toBe(1)
  expect(standIn.faults.pending()).toBe(100)
})

test('a position that the server leaves out is read back', async () => {
  const standIn = await openStandIn()
  const store = await openAt(standIn.address)
  const events = newEvents(3)
  const first = rightOf(await create(store, 'a', events))
  standIn.faults.add({ on: 'append', _tag: 'NoPosition' })
  expect(rightOf(await create(store, 'a', events))).toEqual(first)
})

test('an event whose id stands elsewhere in the stream is stored', async () => {
  const standIn = await openStandIn()
  const store = await openAt(standIn.address)
  const [event] = newEvents(1)
  rightOf(await create(store, 'a', event === undefined ? [] : [event]))
  // A server stores it again where the expected revision is right (its IndexWriter.cs, CheckCommit): ids dedupe at their place only.
  expect(rightOf(await store.append('a', 0, event === undefined ? [] : [event])())).toMatchObject({ revision: 1 })
})

test('an append that the server finds too large is told so', async () => {
  const standIn = await openStandIn({ maxAppendSize: 1_000 })
  const store = await openAt(standIn.address)
  const data = `"${'x'.repeat(2_000)}"`
  expect(leftOf(await create(store, 'a', [newEvent({ data })]))).toEqual({ _tag: 'EventTooLarge', bytes: 2_004 })
})

test('a new leader is followed', async () => {
  const cluster = await openCluster(3)
  const store = await openAt(cluster.address)
  rightOf(await create(store, 'before'))
  const [, next] = cluster.nodes
  cluster.elect(next ?? null)
  await eventually(
    () => create(store, 'a'),
    ({ _tag }) => _tag === 'Right',
  )
  expect(await wholeStream(store, 'a')).toHaveLength(1)
})
