/** Verify over a read model in PostgreSQL. */
import { expect, test } from 'vitest'
import { type EventStore, START, type StoredEvent } from '../../src/event-store/event-store.ts'
import { partOf } from '../../src/read-model/postgres/parts.ts'
import { openSnapshot } from '../../src/read-model/postgres/snapshot.ts'
import { REGISTRY, schemaName } from '../../src/read-model/postgres/tables.ts'
import { verify } from '../../src/verify/verify.ts'
import { changeRun, completeRun, createRun, startRun } from '../support/commands.ts'
import { openLedgerAt } from '../support/ledger-on-disk.ts'
import { openOwnPostgres } from '../support/postgres/postgres-read-models.ts'
import { execute } from '../support/postgres/postgres-server.ts'
import { positionAt } from '../support/read-model/read-models.ts'

const RESULT = 'a\0b'

const history = (run: string) => [
  createRun(run, { run_group_id: 'monday', run_metadata: { channel: 'web\0', score: 700 } }),
  startRun(run),
  changeRun(run, 'IN_REVIEW', { run_metadata: { reviewer: 'bob' } }),
  completeRun(run, { result: RESULT }),
]

const eventsIn = async (store: EventStore): Promise<readonly StoredEvent[]> => {
  const events: StoredEvent[] = []
  for await (const batch of store.subscribe({ from: START, signal: new AbortController().signal })) {
    events.push(...batch.events)
    if (batch.caughtUp) return events
  }
  return events
}

/** A log of three runs and a read model that holds those of `projected`. */
const threeRuns = async (projected: readonly string[] = ['a', 'b', 'c']) => {
  const { store, take } = await openLedgerAt()
  await take(['a', 'b', 'c'].flatMap(history))
  const copy = await openOwnPostgres()
  await copy.project((await eventsIn(store)).filter(({ stream }) => projected.includes(stream)))
  const report = () => verify({ store, logFault: null, readModel: openSnapshot(copy.url) })()
  return { ...copy, store, report }
}

const clean = { right: { position: positionAt(12), events: 12, runs: 3, counts: {}, findings: [] } }

test('a log and its read model agree', async () => {
  const { report } = await threeRuns()
  expect(await report()).toMatchObject(clean)
})

test('parts that are behind lack what they have not got to, and nothing else', async () => {
  const { report, execute } = await threeRuns(['a', 'c'])
  expect(partOf('a') === partOf('b') || partOf('b') === partOf('c')).toBe(false)
  expect(await report()).toMatchObject({ right: { counts: { 'missing-row': 1, 'missing-entry': 4 } } })
  await execute(`UPDATE ${REGISTRY}.projection_parts SET position = '${positionAt(4)}' WHERE part = ${partOf('b')}`)
  expect(await report()).toMatchObject({
    right: { position: positionAt(12), events: 8, runs: 2, counts: {}, findings: [] },
  })
})

test.each([
  ['changed-row', `UPDATE {}.runs SET status = 'FAILURE' WHERE run_id = 'b'`],
  ['missing-row', `DELETE FROM {}.runs WHERE run_id = 'b'`],
  ['changed-entry', `UPDATE {}.entry_texts SET entry = replace(entry, 'bob', 'eve') WHERE position = 7`],
  ['missing-entry', `DELETE FROM {}.entries WHERE position = 7`],
  ['changed-index', `UPDATE {}.metadata_values SET value = 'app' WHERE run_id = 'b' AND key = 'channel'`],
  ['changed-sums', `UPDATE {}.run_groups SET runs = 4`],
])('verify finds a %s', async (kind, sql) => {
  const { report, execute } = await threeRuns()
  await execute(sql.replace('{}', schemaName(1)))
  expect(await report()).toMatchObject({ right: { counts: { [kind]: expect.any(Number) } } })
})

test('where the connection is lost, nothing is said of the read model', async () => {
  const { url, store } = await threeRuns()
  const snapshot = await openSnapshot(url)()
  await execute(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'run-ledger verify'`,
  )
  const report = await verify({ store, logFault: null, readModel: async () => snapshot })()
  expect(report).toMatchObject({ left: { _tag: 'ReadModelOutOfReach' } })
})

test('a rebuild that drops the tables meanwhile waits until they are verified', async () => {
  const { url, store, execute } = await threeRuns()
  const snapshot = openSnapshot(url)
  const opened = await snapshot()
  const dropped = execute(`DROP SCHEMA ${schemaName(1)} CASCADE`)
  expect(await verify({ store, logFault: null, readModel: async () => opened })()).toMatchObject(clean)
  await dropped
})
