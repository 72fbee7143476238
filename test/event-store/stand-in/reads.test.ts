import { BACKWARDS, END, type EventStoreDBClient, NO_STREAM, START } from '@eventstore/db-client'
import { describe, expect, test } from 'vitest'
import { event, eventsOf, failure, revisionsOf } from '../../support/eventstoredb/client-helpers.ts'
import { openClient, openStandIn } from '../../support/stand-ins.ts'

const withEvents = async (count: number) => {
  const standIn = await openStandIn()
  const client = openClient(standIn.address)
  await client.appendToStream(
    'run-1',
    Array.from({ length: count }, () => event()),
  )
  return { client, standIn }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('a read of a stream', () => {
  test('goes forwards and backwards from anywhere, over any number of pages', async () => {
    const { client } = await withEvents(100)
    expect(await revisionsOf(client, 'run-1')).toEqual(range(0, 99))
    expect(await revisionsOf(client, 'run-1', { fromRevision: 40n, maxCount: 50 })).toEqual(range(40, 89))
    expect(await revisionsOf(client, 'run-1', { fromRevision: 200n })).toEqual([])
    expect(await revisionsOf(client, 'run-1', { direction: BACKWARDS, fromRevision: END, maxCount: 1 })).toEqual([99])
    expect(await revisionsOf(client, 'run-1', { direction: BACKWARDS, fromRevision: 70n })).toEqual(
      range(0, 70).reverse(),
    )
    expect(await revisionsOf(client, 'run-1', { direction: BACKWARDS, fromRevision: START })).toEqual([0])
  })

  test('of none that exists says so', async () => {
    const { client } = await withEvents(1)
    expect(await failure(eventsOf(client, 'run-2'))).toMatchObject({
      type: 'stream-not-found',
      streamName: 'run-2',
    })
  })

  test('of a tombstoned stream says that it is deleted', async () => {
    const { client } = await withEvents(1)
    await client.tombstoneStream('run-1')
    expect(await failure(eventsOf(client, 'run-1'))).toMatchObject({ type: 'stream-deleted', streamName: 'run-1' })
  })

  test('sees what $maxCount, $tb and $maxAge leave of it, while $all still has everything', async () => {
    const { client } = await withEvents(100)
    await client.setStreamMetadata('run-1', { maxCount: 40 })
    expect(await revisionsOf(client, 'run-1')).toEqual(range(60, 99))
    await client.setStreamMetadata('run-1', { truncateBefore: 90 })
    expect(await revisionsOf(client, 'run-1', { fromRevision: 10n })).toEqual(range(90, 99))
    expect(await revisionsOf(client, 'run-1', { direction: BACKWARDS, fromRevision: END })).toEqual(
      range(90, 99).reverse(),
    )
    await client.setStreamMetadata('run-1', { maxAge: 0 })
    expect(await revisionsOf(client, 'run-1')).toEqual([])
    expect(await inAll(client, 'run-1')).toHaveLength(100)
    expect((await client.getStreamMetadata('run-1')).metadata).toEqual({ maxAge: 0 })
  })
})

describe('a read of $all', () => {
  test('brings events of every stream, the system’s among them, in the order of positions that grow by their size', async () => {
    const { client, standIn } = await withEvents(3)
    standIn.appendSystemEvent()
    await client.appendToStream('run-2', event(), { expectedRevision: NO_STREAM })
    const events = await allOf(client)
    const positions = events.map(({ position }) => position)
    expect(positions).toEqual([...positions].sort((a, b) => Number(a - b)))
    expect(new Set(positions.map((position, index) => position - (positions[index - 1] ?? 0n))).size).toBeGreaterThan(2)
    expect(events.map(({ stream }) => stream.replace(/:\d+$/, ':PORT'))).toEqual([
      '$user-admin',
      '$user-ops',
      '$$$stats-127.0.0.1:PORT',
      'run-1',
      'run-1',
      'run-1',
      '$stats-127.0.0.1:PORT',
      'run-2',
    ])
    expect((await allOf(client, BACKWARDS)).reverse()).toEqual(events)
  })

  test('begins at a position inclusively, and backwards before it', async () => {
    const { client } = await withEvents(5)
    const events = await inAll(client, 'run-1')
    const at = events[2]?.position ?? 0n
    const fromPosition = { commit: at, prepare: at }
    const after: bigint[] = []
    for await (const { event } of client.readAll({ fromPosition })) after.push(event?.position?.commit ?? 0n)
    expect(after).toEqual(events.slice(2).map(({ position }) => position))
    const before: bigint[] = []
    for await (const { event } of client.readAll({ fromPosition, direction: BACKWARDS, maxCount: 2 })) {
      before.push(event?.position?.commit ?? 0n)
    }
    expect(before).toEqual([events[1]?.position, events[0]?.position])
  })
})

test('a reader that pauses stops the server long before it has sent everything', async () => {
  const { client } = await withEvents(2000)
  const read = client.readStream('run-1')
  let taken = 0
  for await (const _ of read) {
    if (++taken === 10) break
  }
  expect(taken).toBe(10)
  expect(read.readableLength).toBeLessThan(100)
  await read.cancel()
})

const allOf = async (client: EventStoreDBClient, direction?: typeof BACKWARDS) => {
  const events: { stream: string; position: bigint }[] = []
  const read = direction === undefined ? client.readAll() : client.readAll({ direction, fromPosition: END })
  for await (const { event } of read) {
    events.push({ stream: event?.streamId ?? '', position: event?.position?.commit ?? 0n })
  }
  return events
}

const inAll = async (client: EventStoreDBClient, stream: string) =>
  (await allOf(client)).filter((one) => one.stream === stream)
