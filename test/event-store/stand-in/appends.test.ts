import { randomUUID } from 'node:crypto'
import { ANY, jsonEvent, NO_STREAM, STREAM_EXISTS, WrongExpectedVersionError } from '@eventstore/db-client'
import { describe, expect, test } from 'vitest'
import { event, eventsOf, eventually, failure } from '../../support/eventstoredb/client-helpers.ts'
import { openClient, openStandIn } from '../../support/stand-ins.ts'

/** Credentials make the client use `Append`; over a connection without TLS it drops them. */
const OVER_APPEND = { credentials: { username: 'anybody', password: 'any' } }

describe.each([
  ['BatchAppend', {}],
  ['Append', OVER_APPEND],
] as const)('an append over %s', (_call, options) => {
  const open = async () => openClient((await openStandIn()).address)

  test('answers the revision and the position of its last event, which the event has when it is read', async () => {
    const client = await open()
    const appended = await client.appendToStream('run-1', [event(), event()], {
      expectedRevision: NO_STREAM,
      ...options,
    })
    expect(appended.nextExpectedRevision).toBe(1n)
    const read = await eventsOf(client, 'run-1')
    expect(read.map((one) => one.revision)).toEqual([0n, 1n])
    expect(read[1]?.position).toEqual(appended.position)
  })

  test('at the wrong revision is refused with the current one', async () => {
    const client = await open()
    await client.appendToStream('run-1', [event(), event()], options)
    const refusal = async (expectedRevision: bigint | typeof NO_STREAM | typeof STREAM_EXISTS, stream = 'run-1') => {
      const error = await failure(client.appendToStream(stream, event(), { expectedRevision, ...options }))
      expect(error).toBeInstanceOf(WrongExpectedVersionError)
      return (error as WrongExpectedVersionError).actualVersion
    }
    expect(await refusal(NO_STREAM)).toBe(1n)
    expect(await refusal(0n)).toBe(1n)
    expect(await refusal(7n)).toBe(1n)
    expect(await refusal(0n, 'run-2')).toBe('no_stream')
    expect(await refusal(STREAM_EXISTS, 'run-2')).toBe('no_stream')
    expect(await eventsOf(client, 'run-1')).toHaveLength(2)
  })

  test('repeated at its expected revision answers as the first time and stores nothing', async () => {
    const client = await open()
    const events = [event(), event()]
    await client.appendToStream('run-1', event(), options)
    const append = () => client.appendToStream('run-1', events, { expectedRevision: 0n, ...options })
    const first = await append()
    await client.appendToStream('run-1', event(), options)
    expect(await append()).toEqual(first)
    expect(await eventsOf(client, 'run-1')).toHaveLength(4)
  })

  test('is no repeat where one of its events differs', async () => {
    const client = await open()
    const first = event()
    await client.appendToStream('run-1', [first, event()], { expectedRevision: NO_STREAM, ...options })
    const error = await failure(
      client.appendToStream('run-1', [first, event()], { expectedRevision: NO_STREAM, ...options }),
    )
    expect(error).toMatchObject({ type: 'wrong-expected-version', actualVersion: 1n })
  })

  test('stores the same event id once more where the expected revision is the current one', async () => {
    const client = await open()
    const same = event()
    await client.appendToStream('run-1', same, { expectedRevision: NO_STREAM, ...options })
    await client.appendToStream('run-1', same, { expectedRevision: 0n, ...options })
    expect(await eventsOf(client, 'run-1')).toHaveLength(2)
  })

  test('at any revision is a repeat by its ids alone, as long as the server has not restarted', async () => {
    const standIn = await openStandIn()
    const client = openClient(standIn.address)
    const same = event()
    const first = await client.appendToStream('run-1', same, { expectedRevision: ANY, ...options })
    expect(await client.appendToStream('run-1', same, { expectedRevision: ANY, ...options })).toEqual(first)
    await standIn.stop()
    await standIn.start()
    await eventually(() => client.appendToStream('run-1', same, { expectedRevision: ANY, ...options }))
    expect(await eventsOf(client, 'run-1')).toHaveLength(2)
  })

  test('of more data than the server takes is refused; metadata does not count', async () => {
    const client = openClient((await openStandIn({ maxAppendSize: 1000 })).address)
    const append = (bytes: number) =>
      client.appendToStream('run-1', event(randomUUID(), { text: 'x'.repeat(bytes) }), options)
    expect(await failure(append(1000))).toMatchObject({ type: 'maximum-append-size-exceeded', maxAppendSize: 1000 })
    await append(900)
    const metadata = { text: 'x'.repeat(2000) }
    await client.appendToStream('run-1', jsonEvent({ type: 'Happened', data: {}, metadata }), options)
    expect(await eventsOf(client, 'run-1')).toHaveLength(2)
  })

  test('to a tombstoned stream is refused for ever', async () => {
    const client = await open()
    await client.appendToStream('run-1', event(), options)
    await client.tombstoneStream('run-1')
    for (const expectedRevision of [NO_STREAM, ANY, STREAM_EXISTS, 0n] as const) {
      const error = await failure(client.appendToStream('run-1', event(), { expectedRevision, ...options }))
      expect(error).toMatchObject({ type: 'stream-deleted' })
    }
  })

  test('to a soft-deleted stream goes on with its numbers, and what was before stays hidden', async () => {
    const client = await open()
    const first = event()
    await client.appendToStream('run-1', [first, event()], { expectedRevision: NO_STREAM, ...options })
    await client.deleteStream('run-1')
    expect(await failure(eventsOf(client, 'run-1'))).toMatchObject({ type: 'stream-not-found' })
    const again = await client.appendToStream('run-1', event(), { expectedRevision: NO_STREAM, ...options })
    expect(again.nextExpectedRevision).toBe(2n)
    expect((await eventsOf(client, 'run-1')).map((one) => one.revision)).toEqual([2n])
    const repeated = await client.appendToStream('run-1', [first], { expectedRevision: NO_STREAM, ...options })
    expect(repeated).toMatchObject({ nextExpectedRevision: 0n })
    expect(repeated.position).toBeUndefined()
  })
})

test('a batch append in several messages is one write', async () => {
  const client = openClient((await openStandIn()).address)
  const events = Array.from({ length: 10 }, () => event(randomUUID(), { text: 'x'.repeat(100) }))
  await client.appendToStream('run-1', events, { expectedRevision: NO_STREAM, batchAppendSize: 500 })
  expect((await eventsOf(client, 'run-1')).map((one) => one.id)).toEqual(events.map((one) => one.id))
})

test('a batch append whose deadline is over is answered as timed out, and nothing is stored', async () => {
  const client = openClient((await openStandIn()).address)
  expect(await failure(client.appendToStream('run-1', event(), { deadline: -1000 }))).toMatchObject({
    type: 'deadline-exceeded',
  })
  expect(await failure(eventsOf(client, 'run-1'))).toMatchObject({ type: 'stream-not-found' })
})
