/** Writes that a leader has and its followers have not. */
import { NO_STREAM, WrongExpectedVersionError } from '@eventstore/db-client'
import { describe, expect, test } from 'vitest'
import { event, eventsOf, failure, settledBefore } from '../../support/eventstoredb/client-helpers.ts'
import { openClient, openStandIn } from '../../support/stand-ins.ts'

const open = async (commitTimeout?: number) => {
  const standIn = await openStandIn(commitTimeout === undefined ? {} : { commitTimeout })
  const client = openClient(standIn.address)
  await client.appendToStream('run-1', event())
  standIn.log().holdReplication()
  return { log: standIn.log(), client }
}

const AFTER_FIRST = { expectedRevision: 0n }
const TIMED_OUT = { type: 'deadline-exceeded' }

describe('a write that is not replicated', () => {
  test('is not read, and answered once it is replicated', async () => {
    const { log, client } = await open(600_000)
    const second = event()
    const appending = client.appendToStream('run-1', second, AFTER_FIRST)
    expect(await settledBefore(appending, () => eventsOf(client, 'run-1'))).toBe(false)
    expect(await eventsOf(client, 'run-1')).toHaveLength(1)
    log.replicate()
    expect(await appending).toMatchObject({ nextExpectedRevision: 1n })
    expect((await eventsOf(client, 'run-1')).at(-1)?.id).toBe(second.id)
  })

  test('is answered as timed out where that takes too long, and may be stored in the end', async () => {
    const { log, client } = await open(50)
    const second = event()
    expect(await failure(client.appendToStream('run-1', second, AFTER_FIRST))).toMatchObject(TIMED_OUT)
    expect(await eventsOf(client, 'run-1')).toHaveLength(1)
    log.replicate()
    expect((await eventsOf(client, 'run-1')).at(-1)?.id).toBe(second.id)
  })

  test('conflicts with another one, and no answer is given to the same one again', async () => {
    const { client } = await open(50)
    const second = event()
    await failure(client.appendToStream('run-1', second, AFTER_FIRST))
    const conflict = await failure(client.appendToStream('run-1', event(), AFTER_FIRST))
    expect(conflict).toBeInstanceOf(WrongExpectedVersionError)
    expect(conflict).toMatchObject({ actualVersion: 1n })
    expect(await failure(client.appendToStream('run-1', second, AFTER_FIRST))).toMatchObject(TIMED_OUT)
  })

  test('is gone where the next leader never had it, and its place is free', async () => {
    const { log, client } = await open(50)
    await failure(client.appendToStream('run-1', event(), AFTER_FIRST))
    await failure(client.appendToStream('run-2', event(), { expectedRevision: NO_STREAM }))
    log.loseUnreplicated()
    const other = event()
    await client.appendToStream('run-1', other, AFTER_FIRST)
    expect((await eventsOf(client, 'run-1')).map(({ id }) => id).at(-1)).toBe(other.id)
    expect(await client.appendToStream('run-2', event(), { expectedRevision: NO_STREAM })).toMatchObject({
      nextExpectedRevision: 0n,
    })
  })
})
