/** Reads of an EventStoreDB: streams that were deleted or cut, events of others, silence, and the log's edge. */
import { ANY, binaryEvent, jsonEvent } from '@eventstore/db-client'
import { describe, expect, test } from 'vitest'
import { type EventStore, START } from '../../../src/event-store/event-store.ts'
import { openClient, openStandIn } from '../../support/stand-ins.ts'
import { eventsAfter, leftOf, newEvents, rightOf, wholeStream } from '../place.ts'
import { openAt, PATIENT } from './opened.ts'

const forward = (store: EventStore, stream: string, from = 0) =>
  store.readStream(stream, { from, direction: 'forward', limit: 10 })()

const setUp = async () => {
  const standIn = await openStandIn()
  const store = await openAt(standIn.address)
  rightOf(await store.append('a', 'no_stream', newEvents(4))())
  return { standIn, store, client: openClient(standIn.address) }
}

describe('a stream', () => {
  test('that was deleted for good is told from one that was not, to readers and to writers', async () => {
    const { store, client } = await setUp()
    await client.tombstoneStream('run-a')
    const gone = { _tag: 'StreamDeleted', tombstoned: true }
    expect(leftOf(await forward(store, 'a'))).toEqual(gone)
    expect(leftOf(await store.readStream('a', { from: 'end', direction: 'backward', limit: 1 })())).toEqual(gone)
    expect(leftOf(await store.append('a', 3, newEvents(1))())).toEqual(gone)
    expect(leftOf(await store.append('a', 'no_stream', newEvents(1))())).toEqual(gone)
  })

  test('that was deleted is told from one that never was', async () => {
    const { store, client } = await setUp()
    await client.deleteStream('run-a')
    const deleted = { _tag: 'StreamDeleted', tombstoned: false }
    expect(leftOf(await forward(store, 'a'))).toEqual(deleted)
    expect(leftOf(await store.readStream('a', { from: 'end', direction: 'backward', limit: 1 })())).toEqual(deleted)
    expect(rightOf(await forward(store, 'never'))).toEqual({ events: [], endOfStream: true })
    // The server would take such an append, and go on after what was deleted.
    expect(leftOf(await store.append('a', 'no_stream', newEvents(1))())).toEqual(deleted)
  })

  test.each([{ truncateBefore: 2 }, { truncateBefore: 4 }, { maxCount: 1 }, { maxCount: 4 }, { maxAge: 3_600 }])(
    'that lost its beginning or can lose it, by %j, is not read as if it began later',
    async (metadata) => {
      const { store, client } = await setUp()
      await client.setStreamMetadata('run-a', metadata)
      expect(leftOf(await forward(store, 'a'))).toEqual({ _tag: 'StreamDeleted', tombstoned: false })
    },
  )

  test('whose metadata only say who may read it is as any other', async () => {
    const { store, client } = await setUp()
    await client.setStreamMetadata('run-b', { acl: { readRoles: ['$all'] } })
    expect(rightOf(await forward(store, 'b'))).toEqual({ events: [], endOfStream: true })
  })
})

test('events of others in the ledger’s streams are handed on as they are', async () => {
  const { store, client } = await setUp()
  await client.appendToStream('run-b', [
    binaryEvent({ type: 'image', data: Uint8Array.of(0xff, 0xd8, 0x00) }),
    jsonEvent({ type: 'Strange', data: { n: 1 } }),
  ])
  await client.appendToStream('run-b', binaryEvent({ type: '$>', data: Buffer.from('0@run-a') }), {
    expectedRevision: ANY,
  })
  const events = await wholeStream(store, 'b')
  expect(events.map(({ type, data, metadata }) => [type, data, metadata])).toEqual([
    ['image', '\ufffd\ufffd\0', ''],
    ['Strange', '{"n":1}', ''],
    ['$>', '0@run-a', ''],
  ])
  expect((await eventsAfter(store)).slice(4)).toEqual(events)
})

test('events are JSON to the server, and numbers keep the digits that they were written with', async () => {
  const { store, client } = await setUp()
  const data = '{"big":12345678901234567890,"money":1.50}'
  const metadata = '{ "$correlationId" : "x" }'
  const event = { event_id: crypto.randomUUID(), type: 'Paid', data, metadata }
  rightOf(await store.append('b', 'no_stream', [event])())
  expect(await wholeStream(store, 'b')).toMatchObject([{ data, metadata }])
  for await (const { event: seen } of client.readStream('run-b'))
    expect(seen).toMatchObject({ isJson: true, type: 'Paid' })
})

describe('a read', () => {
  test('is given up within its time where the server keeps silent', async () => {
    const { standIn, store } = await setUp()
    standIn.faults.add({ on: 'read', _tag: 'Hang', times: 10 })
    const silent = { _tag: 'StoreUnavailable', outcome: 'not_stored', detail: expect.stringContaining('400 ms') }
    expect(leftOf(await forward(store, 'a'))).toEqual(silent)
    expect(leftOf(await store.headPosition()())).toEqual(silent)
    expect(leftOf(await store.backlog(START)())).toEqual(silent)
  })

  test.each([
    ['the connection is cut', { _tag: 'Cut' } as const],
    ['the connection is cut after two events', { _tag: 'Cut', events: 2 } as const],
    ['the server is not ready', { _tag: 'Fail', failure: 'not_ready' } as const],
  ])('is made again where %s', async (_name, misdeed) => {
    const { standIn, store } = await setUp()
    standIn.faults.add({ on: 'read', ...misdeed })
    expect(rightOf(await forward(store, 'a')).events).toHaveLength(4)
  })

  test('that ends early leaves no call behind that keeps the store from closing', async () => {
    const { standIn } = await setUp()
    const store = await openAt(standIn.address, PATIENT)
    const appends = Array.from({ length: 20 }, (_, n) => store.append(`s${n}`, 'no_stream', newEvents(100))())
    for (const appended of await Promise.all(appends)) rightOf(appended)
    for (let n = 0; n < 20; n += 1) await store.readStream(`s${n}`, { from: 0, direction: 'forward', limit: 1 })()
    await store.headPosition()()
    await store.close()
  })
})

test('a long backlog is estimated, a short one is counted', async () => {
  const { standIn } = await setUp()
  const store = await openAt(standIn.address, PATIENT)
  for (let n = 0; n < 10; n += 1) rightOf(await store.append(`s${n}`, 'no_stream', newEvents(500))())
  const { events } = rightOf(await store.backlog(START)())
  expect(events).toBeGreaterThan(4_500)
  expect(events).toBeLessThan(5_500)
  const last = (await eventsAfter(store)).at(-101)
  expect(rightOf(await store.backlog(last?.position ?? START)()).events).toBe(100)
})
