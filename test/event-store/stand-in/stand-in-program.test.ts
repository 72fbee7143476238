import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { event, eventually, failure, revisionsOf, settledBefore } from '../../support/eventstoredb/client-helpers.ts'
import { openClient, openStandIn, openStandInProcess } from '../../support/stand-ins.ts'
import { testDirectory } from '../../support/stores.ts'

test('a stand-in in a process of its own keeps every answered event when it is killed, at the same positions', async () => {
  const data = testDirectory()
  const standIn = await openStandInProcess('--data', data)
  const client = openClient(standIn.address)
  const answered: unknown[] = []
  const appending = (async () => {
    for (;;) answered.push(await client.appendToStream('run-1', [event(), event()]))
  })().catch(() => {})
  await expect.poll(() => answered.length).toBeGreaterThan(50)
  await standIn.kill()
  await appending
  // What a kill in the middle of a write leaves.
  appendFileSync(join(data, 'log'), Buffer.from([0, 0, 1, 0, 1, 2, 3]))
  await standIn.start()
  const revisions = await eventually(() => revisionsOf(client, 'run-1'))
  expect(revisions.length).toBeGreaterThanOrEqual(2 * answered.length)
  expect(revisions.length % 2).toBe(0)
  expect(revisions).toEqual(revisions.map((_, index) => index))
  const positions: unknown[] = []
  for await (const { event } of client.readStream('run-1')) positions.push(event?.position)
  expect(positions.filter((_, index) => index % 2 === 1).slice(0, answered.length)).toEqual(
    answered.map((one) => (one as { position: unknown }).position),
  )
  await client.appendToStream('run-1', event(), { expectedRevision: BigInt(revisions.length - 1) })
})

test('it obeys orders, and a signal freezes it', async () => {
  const standIn = await openStandInProcess()
  const client = openClient(standIn.address)
  await client.appendToStream('run-1', event())
  await standIn.order({ do: 'fault', fault: { _tag: 'Cut', on: 'append', stored: true } })
  expect(await failure(client.appendToStream('run-1', event()))).toMatchObject({ code: 14 })
  expect(await eventually(() => revisionsOf(client, 'run-1'))).toEqual([0, 1])
  standIn.freeze()
  const frozen = revisionsOf(client, 'run-1')
  const other = openClient((await openStandIn()).address)
  expect(await settledBefore(frozen, () => other.appendToStream('run-1', event()))).toBe(false)
  standIn.thaw()
  expect(await frozen).toEqual([0, 1])
  await expect(standIn.order({ do: 'freeze' })).rejects.toThrow('SIGSTOP')
  await expect(standIn.order({ do: 'nothing' } as never)).rejects.toThrow('unknown order')
})

test('over TLS it lets in the users that it is given, and goes down and comes back by order', async () => {
  const authority = join(testDirectory(), 'ca.pem')
  const standIn = await openStandInProcess('--tls', authority, '--user', 'ledger:secret')
  const client = openClient(`${standIn.address.replace('//', '//ledger:secret@')}&tlsCAFile=${authority}`)
  await client.appendToStream('run-1', event())
  await standIn.order({ do: 'stop' })
  expect(await failure(revisionsOf(client, 'run-1'))).toMatchObject({ type: 'unavailable' })
  await standIn.order({ do: 'start' })
  expect(await eventually(() => revisionsOf(client, 'run-1'))).toEqual([0])
})
