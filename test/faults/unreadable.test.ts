/** What others did to the streams of runs in EventStoreDB: told to whoever asks for the run, and a harm to no other. */
import { type EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { expect, test } from 'vitest'
import { configAt, PATIENT } from '../event-store/eventstoredb/opened.ts'
import { readModelPath } from '../support/ledger-on-disk.ts'
import { serverForTest } from '../support/network/http-server.ts'
import { startProgram } from '../support/processes/program.ts'
import { metadata } from '../support/run-builders.ts'
import { openClient, openStandIn } from '../support/stand-ins.ts'
import { testDirectory } from '../support/stores.ts'

/** By run: what was done to its stream, which had two events. */
const DEEDS: Readonly<Record<string, (client: EventStoreDBClient, stream: string) => Promise<unknown>>> = {
  fine: () => Promise.resolve(),
  foreign: (client, stream) => put(client, stream, 'NoteTaken', { by: 'another program' }),
  twice: (client, stream) => put(client, stream, 'RunStarted', { run_id: 'twice', occurred_at: AFTER }),
  broken: (client, stream) => put(client, stream, 'RunCompleted', { run_id: 'broken', status: 7 }),
  deleted: (client, stream) => client.deleteStream(stream),
  cut: (client, stream) => client.setStreamMetadata(stream, { truncateBefore: 1 }),
  gone: (client, stream) => client.tombstoneStream(stream),
}

const AFTER = '2100-01-01T00:00:00.000Z'

const put = (client: EventStoreDBClient, stream: string, type: string, data: Readonly<Record<string, unknown>>) =>
  client.appendToStream(stream, jsonEvent({ type, data: data as never, metadata: metadata() as never }))

/** The revision that the projector stops at. */
const QUARANTINED = { broken: 2, cut: 0, deleted: 0, foreign: 2, gone: Number.MAX_SAFE_INTEGER, twice: 2 }

test('foreign events, events that cannot follow, deleted and truncated streams make their own runs unreadable', async () => {
  const { address } = await openStandIn()
  const client = openClient(address)
  const directory = testDirectory()
  const server = await serverForTest({ eventStore: configAt(address, PATIENT), directory })
  for (const [run_id, deed] of Object.entries(DEEDS)) {
    await server.create({ run_id })
    await server.post(`/runs/${run_id}/start`, {})
    await deed(client, `run-${run_id}`)
  }
  await server.create({ run_id: 'last' })

  const other = await serverForTest({ eventStore: configAt(address, PATIENT) })
  // The first server has the runs in memory, and has noticed by then what was hidden before its own event.
  const known = server
  await known.create({ run_id: 'noticed' })
  for (const run_id of Object.keys(DEEDS)) {
    const [status, problem] =
      run_id === 'fine' ? [200] : run_id === 'gone' ? [410, 'run-deleted'] : [500, 'run-unreadable']
    const answers = [
      await other.get(`/runs/${run_id}?consistency=strong`),
      await other.post(`/runs/${run_id}/status`, { status: 'X' }),
      await known.get(`/runs/${run_id}?consistency=strong`),
      await known.post(`/runs/${run_id}/status`, { status: 'X' }),
      ...(run_id === 'fine' ? [] : [await known.post('/runs', { run_id, policy_version_id: 'policy-1' })]),
    ]
    for (const answer of answers) {
      expect([run_id, answer.statusCode]).toEqual([run_id, status])
      if (problem !== undefined) expect(answer.json()).toMatchObject({ type: `/problems/${problem}`, run_id })
    }
    // The last good Run is shown all the same, but for a run that was deleted for ever.
    const shown = await server.get(`/runs/${run_id}`)
    expect([run_id, shown.statusCode, shown.json()]).toMatchObject([run_id, run_id === 'gone' ? 410 : 200, { run_id }])
    if (run_id === 'gone') continue
    const revision = QUARANTINED[run_id as keyof typeof QUARANTINED]
    expect([run_id, shown.headers['run-ledger-quarantined']]).toEqual([run_id, revision?.toString()])
  }
  expect((await other.post('/runs/foreign/status', { status: 'X' })).json()).toMatchObject({
    revision: 2,
    detail: expect.stringContaining('NoteTaken'),
  })

  const { quarantined } = (await server.get('/runs')).json() as { quarantined: { run_id: string; revision: number }[] }
  expect(Object.fromEntries(quarantined.map(({ run_id, revision }) => [run_id, revision]))).toEqual(QUARANTINED)
  const entries = (await server.get('/runs/foreign/events')).json() as { data: { type: string; changes: unknown }[] }
  expect(entries.data.at(-1)).toMatchObject({ type: 'NoteTaken', changes: null })
  const there = ['--event-store', address, '--read-model', `sqlite:${readModelPath(directory)}`, '--json']
  const verified = await startProgram('verify', ...there).ended
  const { findings } = JSON.parse(verified.stdout) as { findings: { kind: string; run_id: string; revision: number }[] }
  expect(verified.status).toBe(1)
  expect(findings.every(({ kind }) => kind === 'unreadable-event')).toBe(true)
  expect(Object.fromEntries(findings.map(({ run_id, revision }) => [run_id, revision]))).toEqual(QUARANTINED)
}, 60_000)
