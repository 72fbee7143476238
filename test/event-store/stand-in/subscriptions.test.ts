import { setTimeout } from 'node:timers/promises'
import { END, type EventStoreDBClient, eventTypeFilter, type Position, streamNameFilter } from '@eventstore/db-client'
import { describe, expect, test } from 'vitest'
import { event, watch } from '../../support/eventstoredb/client-helpers.ts'
import { openClient, openStandIn } from '../../support/stand-ins.ts'

const RUNS = streamNameFilter({ prefixes: ['run-'] })

const open = async (version = '23.10.6') => {
  const standIn = await openStandIn({ version })
  return { standIn, client: openClient(standIn.address) }
}

const append = async (client: EventStoreDBClient, stream: string, count = 1): Promise<Position> => {
  const events = Array.from({ length: count }, () => event())
  const { position } = await client.appendToStream(stream, events)
  return position ?? expect.unreachable('an append has a position')
}

describe('a subscription to $all', () => {
  test('brings what is there, says that it has caught up, and brings what comes', async () => {
    const { client } = await open()
    await append(client, 'run-1', 2)
    await append(client, 'other', 1)
    const seen = watch(client.subscribeToAll({ filter: RUNS }))
    await seen.until('caught up')
    await append(client, 'other')
    await append(client, 'run-2')
    await seen.until('run-2@0')
    expect(seen.log).toEqual(['run-1@0', 'run-1@1', 'caught up', 'run-2@0'])
  })

  test('says nothing of having caught up where the server is older than 23.10', async () => {
    const { client } = await open('22.10.5')
    await append(client, 'run-1')
    const seen = watch(client.subscribeToAll({ filter: RUNS }))
    await seen.until('run-1@0')
    await append(client, 'run-2')
    await seen.until('run-2@0')
    expect(seen.log).toEqual(['run-1@0', 'run-2@0'])
  })

  test('begins after the position that it is given, or after all that is there', async () => {
    const { client } = await open()
    const fromPosition = await append(client, 'run-1')
    await append(client, 'run-2')
    const after = watch(client.subscribeToAll({ fromPosition, filter: RUNS }))
    const live = watch(client.subscribeToAll({ fromPosition: END, filter: RUNS }))
    await after.until('caught up')
    await live.until('caught up')
    await append(client, 'run-3')
    await after.until('run-3@0')
    await live.until('run-3@0')
    expect(after.log).toEqual(['run-2@0', 'caught up', 'run-3@0'])
    expect(live.log).toEqual(['caught up', 'run-3@0'])
  })

  test('takes regular expressions, on names of streams and on types of events', async () => {
    const { client, standIn } = await open()
    await append(client, 'run-1')
    await append(client, 'run-x')
    standIn.appendSystemEvent()
    const byName = watch(client.subscribeToAll({ filter: streamNameFilter({ regex: '^run-[0-9]+$' }) }))
    const noSystem = watch(client.subscribeToAll({ filter: eventTypeFilter({ regex: '^[^$]' }) }))
    const byType = watch(client.subscribeToAll({ filter: eventTypeFilter({ prefixes: ['$stats'] }) }))
    for (const seen of [byName, noSystem, byType]) await seen.until('caught up')
    expect(byName.log).toEqual(['run-1@0', 'caught up'])
    expect(noSystem.log).toEqual(['run-1@0', 'run-x@0', 'caught up'])
    expect(byType.log).toHaveLength(2)
  })

  test('marks checkpoints on the way and while it is live, where a new one goes on without gap or repeat', async () => {
    const { client } = await open()
    await append(client, 'run-1')
    await append(client, 'other', 200)
    const checkpoints: Position[] = []
    const filter = streamNameFilter({
      prefixes: ['run-'],
      maxSearchWindow: 32,
      checkpointInterval: 1,
      checkpointReached: (_, position) => {
        checkpoints.push(position)
      },
    })
    const seen = watch(client.subscribeToAll({ filter }))
    await seen.until('caught up')
    const onTheWay = checkpoints.length
    expect(onTheWay).toBe(6)
    await append(client, 'other', 40)
    await expect.poll(() => checkpoints.length).toBeGreaterThan(onTheWay)
    await append(client, 'run-2')
    for (const fromPosition of checkpoints) {
      const resumed = watch(client.subscribeToAll({ fromPosition, filter: RUNS }))
      await resumed.until('caught up')
      expect(resumed.log.filter((one) => one !== 'caught up')).toEqual(['run-2@0'])
    }
  })

  test('is sent away where its consumer is too slow for what comes', async () => {
    const { client } = await open()
    const subscription = client.subscribeToAll({ filter: RUNS })
    const seen = watch(subscription)
    await seen.until('caught up')
    subscription.pause()
    for (let batches = 0; batches < 20; batches++) await append(client, 'run-1', 200)
    // Longer than the server's time limit; both timers run in this process, and so in their order.
    await setTimeout(600)
    subscription.resume()
    await expect
      .poll(() => seen.log.at(-1), { timeout: 20_000 })
      .toContain('Consumer too slow to handle event while live')
    expect(seen.log.length).toBeLessThan(4000)
  })
})

describe('a subscription to a stream', () => {
  test('waits for the stream, follows it, and ends with an error when it is tombstoned', async () => {
    const { client } = await open()
    const revisions: bigint[] = []
    const errors: unknown[] = []
    client
      .subscribeToStream('run-1')
      .on('data', ({ event }) => revisions.push(event?.revision ?? -1n))
      .on('error', (error) => errors.push(error))
    await append(client, 'run-1', 3)
    await expect.poll(() => revisions).toEqual([0n, 1n, 2n])
    await client.tombstoneStream('run-1')
    await expect.poll(() => errors).toMatchObject([{ type: 'stream-deleted' }])
  })
})
