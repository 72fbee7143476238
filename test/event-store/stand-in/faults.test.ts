import { setTimeout } from 'node:timers/promises'
import { EventStoreDBClient, NO_STREAM, streamNameFilter } from '@eventstore/db-client'
import { describe, expect, test } from 'vitest'
import {
  event,
  eventsOf,
  eventually,
  failure,
  revisionsOf,
  settledBefore,
  watch,
} from '../../support/eventstoredb/client-helpers.ts'
import { openClient, openStandIn } from '../../support/stand-ins.ts'

const RUNS = streamNameFilter({ prefixes: ['run-'] })

const open = async () => {
  const standIn = await openStandIn()
  const client = openClient(standIn.address)
  // A client's first two appends may overtake each other, while it asks for features.
  await client.appendToStream('first', event())
  return { standIn, client }
}

describe('an append', () => {
  test.each([[false], [true]])('can hang for ever, stored: %s', async (stored) => {
    const { standIn, client } = await open()
    standIn.faults.add({ _tag: 'Hang', on: 'append', stored })
    const hanging = client.appendToStream('run-1', event())
    expect(await settledBefore(hanging, () => client.appendToStream('run-2', event()))).toBe(false)
    expect(standIn.log().stream('run-1')?.records.length ?? 0).toBe(stored ? 1 : 0)
    hanging.catch(() => {})
  })

  test.each([[false], [true]])('can lose its connection, stored: %s', async (stored) => {
    const { standIn, client } = await open()
    standIn.faults.add({ _tag: 'Cut', on: 'append', stored })
    expect(await failure(client.appendToStream('run-1', event()))).toMatchObject({ code: 14 })
    expect(standIn.log().stream('run-1')?.records.length ?? 0).toBe(stored ? 1 : 0)
    await eventually(() => client.appendToStream('run-2', event()))
  })

  test('that is cut takes with it only what came by the same connection', async () => {
    const { standIn, client } = await open()
    // Clients of one process share a connection where their channels' options are the same.
    const other = openClient(`${standIn.address}&keepAliveInterval=20000`)
    await other.appendToStream('run-1', event())
    const seen = watch(other.subscribeToAll({ filter: RUNS }))
    await seen.until('caught up')
    standIn.faults.add({ _tag: 'Cut', on: 'append' })
    await failure(client.appendToStream('run-1', event()))
    await other.appendToStream('run-2', event())
    await seen.until('run-2@0')
  })

  test('can be answered late, and as timed out although it is stored', async () => {
    const { standIn, client } = await open()
    standIn.faults.add({ _tag: 'Delay', on: 'append', ms: 200 })
    const late = client.appendToStream('run-1', event())
    expect(await settledBefore(late, () => client.appendToStream('run-2', event()))).toBe(false)
    await late
    standIn.faults.add({ _tag: 'Fail', on: 'append', failure: 'timeout', stored: true })
    expect(await failure(client.appendToStream('run-1', event()))).toMatchObject({ type: 'deadline-exceeded' })
    expect(await revisionsOf(client, 'run-1')).toEqual([0, 1])
  })

  test('can be answered without a position', async () => {
    const { standIn, client } = await open()
    standIn.faults.add({ _tag: 'NoPosition', on: 'append' })
    expect(await client.appendToStream('run-1', event())).toMatchObject({
      nextExpectedRevision: 0n,
      position: undefined,
    })
  })

  test('finds a full disk: the node goes down with nothing of it stored, and comes back with the rest', async () => {
    const { standIn, client } = await open()
    await client.appendToStream('run-1', event())
    standIn.faults.add({ _tag: 'DiskFull', on: 'append' })
    expect(await failure(client.appendToStream('run-1', event()))).toMatchObject({ code: 14 })
    await expect.poll(standIn.running).toBe(false)
    expect(await failure(eventsOf(client, 'run-1'))).toMatchObject({ type: 'unavailable' })
    await standIn.start()
    expect(await eventually(() => revisionsOf(client, 'run-1'))).toEqual([0])
  })

  test('is not taken by a node that is not ready or too busy', async () => {
    const { standIn, client } = await open()
    for (const reason of ['not_ready', 'too_busy'] as const) {
      standIn.faults.add({ _tag: 'Fail', on: 'append', failure: reason })
      expect(await failure(client.appendToStream('run-1', event()))).toMatchObject({ type: 'unknown' })
    }
    expect(standIn.log().stream('run-1')).toBeUndefined()
  })
})

test('a read can be cut after some of its events', async () => {
  const { standIn, client } = await open()
  await client.appendToStream('run-1', [event(), event(), event()])
  standIn.faults.add({ _tag: 'Cut', on: 'read', events: 2 })
  const seen: bigint[] = []
  const read = async () => {
    for await (const { event } of client.readStream('run-1')) seen.push(event?.revision ?? -1n)
  }
  expect(await failure(read())).toMatchObject({ type: 'unavailable' })
  expect(seen.length).toBeLessThanOrEqual(2)
})

test('a frozen server takes connections and answers nothing, until it thaws', async () => {
  const { standIn, client } = await open()
  await client.appendToStream('run-1', event())
  standIn.freeze()
  const frozen = client.appendToStream('run-1', event())
  const late = openClient(standIn.address).appendToStream('run-2', event())
  const outside = await openStandIn()
  expect(await settledBefore(frozen, () => openClient(outside.address).appendToStream('run-1', event()))).toBe(false)
  standIn.thaw()
  expect(await frozen).toMatchObject({ nextExpectedRevision: 1n })
  await late
})

test('a server that stops ends subscriptions with an error, and keeps its events over the restart', async () => {
  const { standIn, client } = await open()
  await client.appendToStream('run-1', event(), { expectedRevision: NO_STREAM })
  const seen = watch(client.subscribeToAll({ filter: RUNS }))
  await seen.until('caught up')
  await standIn.stop()
  await expect.poll(() => seen.log.at(-1)).toMatch(/^error/)
  await standIn.start()
  expect(await eventually(() => revisionsOf(client, 'run-1'))).toEqual([0])
})

test('the features call can hang, which holds the first append of a client for good', async () => {
  const { standIn } = await open()
  standIn.faults.add({ _tag: 'Hang', on: 'features' })
  const client = EventStoreDBClient.connectionString(standIn.address)
  const held = client.appendToStream('run-1', event())
  expect(await settledBefore(held, () => openClient(standIn.address).appendToStream('run-2', event()))).toBe(false)
  held.catch(() => {})
})

test('a server that has stopped stores nothing more of what was under way', async () => {
  const { standIn, client } = await open()
  standIn.faults.add({ _tag: 'Delay', on: 'append', ms: 1000 })
  const late = client.appendToStream('run-1', event())
  await expect.poll(() => standIn.faults.pending()).toBe(0)
  await standIn.stop()
  expect(await failure(late)).toMatchObject({ code: 14 })
  await setTimeout(1100)
  expect(standIn.log().stream('run-1')).toBeUndefined()
})
