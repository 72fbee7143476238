import { renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { PROJECTIONS, TABLES } from '../../../projections/projections.ts'
import { foldedBatches } from '../../../src/read-model/projector/rebuild-channel.ts'
import { openProjectionStore } from '../../../src/read-model/sqlite/writing/projection-store.ts'
import { logPath, readModelPath, tamper } from '../../support/ledger-on-disk.ts'
import { startChild } from '../../support/processes/child.ts'
import { append, expectedOf, fill, LIFE, optionsAt, readAt, startAt } from '../../support/read-model/projectors.ts'
import { contentsOf } from '../../support/read-model/read-models.ts'
import { created, started } from '../../support/run-builders.ts'
import { rightOf } from '../../support/scenario.ts'
import { openStore, testDirectory } from '../../support/stores.ts'

/** The tables and indexes that there are. */
const SCHEMA = `CREATE TABLE seen AS SELECT group_concat(name) AS names FROM (SELECT name FROM sqlite_schema ORDER BY name)`

const oldTables = (directory: string): unknown => {
  const db = new DatabaseSync(readModelPath(directory))
  const found = db.prepare(`SELECT count(*) AS n FROM sqlite_schema WHERE tbl_name LIKE '%\\_\\_old' ESCAPE '\\'`).get()
  db.close()
  return found?.['n']
}

test('a rebuild makes the same tables, while the old ones are read and carried on', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const projector = await startAt(directory)
  await projector.caughtUpTo(await fill(store, 2_000))
  const readModel = await readAt(directory)
  tamper(readModelPath(directory), `UPDATE runs SET status = 'TAMPERED' WHERE run_id = 'run-7'`)

  // The thread that counts takes its time to start.
  await readModel.listRuns({ sort: 'created_at', limit: 1, count: true })()
  let isDone = false
  const rebuilding = projector
    .rebuild()()
    .finally(() => {
      isDone = true
    })
  const counts: (number | undefined)[] = []
  let last = rightOf(await readModel.position()())
  for (let run = 2_000; !isDone; run += 1) {
    const position = await append(store, `run-${run}`, LIFE)
    expect(await readModel.waitFor(position, 5_000)).toBe(true)
    expect(rightOf(await readModel.getRun(`run-${run}`)()).run?.revision).toBe(3)
    const page = rightOf(await readModel.listRuns({ sort: 'created_at', limit: 1, count: true })())
    expect(page.count).toBe(run + 1)
    expect(page.position >= last).toBe(true)
    last = page.position
    counts.push(page.count)
  }
  expect(rightOf(await rebuilding).events).toBeGreaterThanOrEqual(8_000)
  expect(counts.length).toBeGreaterThan(1)
  const { projections } = rightOf(await readModel.projections()())
  expect(projections.map(({ rebuilding }) => rebuilding)).toEqual(PROJECTIONS.map(() => false))
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 2_000 + counts.length))
})

test('a rebuild tells how far it is', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const told: number[] = []
  const projector = await startAt(directory, { onRebuilt: (events) => told.push(events) })
  await projector.caughtUpTo(await fill(store, 2_000))
  expect(told).toEqual([])
  const { events } = rightOf(await projector.rebuild()())
  expect(told.length).toBeGreaterThan(1)
  expect(told).toEqual(told.toSorted((one, other) => one - other))
  expect(told.at(-1)).toBe(events)
})

test('a second rebuild is as good as the first, and nothing of either is left behind', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const projector = await startAt(directory)
  await projector.caughtUpTo(await fill(store, 20))
  const joined = await Promise.all([projector.rebuild()(), projector.rebuild()()])
  expect(joined[0]).toStrictEqual(joined[1])
  rightOf(await projector.rebuild()())
  await projector.caughtUpTo(await append(store, 'run-20', LIFE))
  await projector.stop()
  tamper(readModelPath(directory), SCHEMA)
  const readModel = await readAt(directory)
  await readModel.close()
  tamper(readModelPath(directory), `UPDATE seen SET names = replace(names, '_3', '')`)
  const db = new DatabaseSync(readModelPath(directory))
  const expected = TABLES.flatMap(({ name, indexes }) => [
    name,
    ...Object.keys(indexes).map((index) => `${name}_${index}`),
  ])
  const { names } = db.prepare('SELECT names FROM seen').get() as { names: string }
  expect(names.split(',').sort()).toEqual([...expected, 'projections', 'rebuilds', 'sqlite_autoindex_runs_1'].sort())
  expect(db.prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
  db.close()
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 21))
})

test('killed at any moment of a rebuild, it goes on where it was, and the old tables serve meanwhile', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  const position = await fill(store, 1_500)
  await first.caughtUpTo(position)
  await first.stop()
  const readModel = await readAt(directory)
  for (const [i, wait] of [0, 20, 60].entries()) {
    const child = startChild('project-log.ts', [directory, i === 0 ? 'rebuild' : ''])
    await child.line()
    await delay(wait)
    await child.kill()
    expect(rightOf(await readModel.getRun('run-1')()).run?.revision).toBe(3)
    expect(rightOf(await readModel.listRuns({ sort: 'created_at', limit: 1, count: true })()).count).toBe(1_500)
  }
  const projector = await startAt(directory)
  const more = await append(store, 'run-1500', LIFE)
  expect(await projector.caughtUpTo(more)).toBe(true)
  await expect
    .poll(async () => rightOf(await readModel.projections()()).projections[0]?.rebuilding, { timeout: 10_000 })
    .toBe(false)
  await projector.stop()
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 1_501))
})

test('runs that are too large to be kept in memory are read from the tables that are being made', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const runs = Array.from({ length: 1_700 }, (_, i) => `run-${i}`)
  const first = created({ run_metadata: { channel: 'web' }, input_data: { text: 'x'.repeat(6_000) } })
  // Round by round, so that a run's next event comes when all others have had theirs.
  for (const [revision, event] of [first, ...LIFE.slice(1)].entries())
    await Promise.all(runs.map((run_id) => append(store, run_id, [event], revision)))
  const projector = await startAt(directory)
  rightOf(await projector.rebuild()())
  await projector.stop()
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, runs.length))
})

test('a batch of a rebuild changes no more large runs than fit into memory, however small its events', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const runs = Array.from({ length: 500 }, (_, i) => `run-${i}`)
  // Some 200 stay in memory as they are, and 100 more are read from the tables at once.
  const first = created({ run_metadata: { channel: 'web' }, input_data: { text: 'x'.repeat(40_000) } })
  await Promise.all(runs.map((run_id) => append(store, run_id, [first])))
  const last = (await Promise.all(runs.map((run_id) => append(store, run_id, [started()], 1)))).sort().at(-1)
  const tables = rightOf(openProjectionStore(readModelPath(directory)))
  onTestFinished(() => tables.close())
  rightOf(await tables.beginNext())
  const marks = rightOf(await tables.next.parts())
  const { eventStore, path } = optionsAt(directory)
  const { signal } = new AbortController()
  const batches: (readonly [events: number, position: string | null])[] = []
  for await (const batch of foldedBatches({ eventStore, path, marks, signal })) {
    rightOf(await tables.next.commit(batch)())
    batches.push([batch.events?.count ?? 0, batch.events?.last.position ?? null])
    if (batch.caughtUp) break
  }
  expect(Math.max(...batches.map(([events]) => events))).toBeLessThan(400)
  expect(batches.reduce((sum, [events]) => sum + events, 0)).toBe(1_000)
  expect(batches.findLast(([events]) => events > 0)?.[1]).toBe(last)
})

test('a rebuild whose thread cannot read the log says so, and goes on when it can', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const told: string[] = []
  const projector = await startAt(directory, { log: ({ message }) => told.push(message) })
  await projector.caughtUpTo(await fill(store, 50))
  // Who has it open goes on with it.
  renameSync(logPath(directory), `${logPath(directory)}.away`)
  const rebuilding = projector.rebuild()()
  await expect.poll(() => told.join(), { timeout: 10_000 }).toMatch(/rebuild: begins again in \d+ ms: .*StoreMissing/)
  renameSync(`${logPath(directory)}.away`, logPath(directory))
  expect(rightOf(await rebuilding).events).toBe(200)
  await projector.stop()
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 50))
})

test('old tables that a killed rebuild left behind go at the next start', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  await first.caughtUpTo(await fill(store, 5))
  await first.stop()
  tamper(
    readModelPath(directory),
    `CREATE TABLE runs__old AS SELECT * FROM runs; CREATE INDEX left_over ON runs__old (run_id);
    CREATE TABLE entry_texts__old (position INTEGER PRIMARY KEY, entry TEXT);
    CREATE TABLE entries__old (position INTEGER PRIMARY KEY, run_id TEXT);
    WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n LIMIT 10000)
    INSERT INTO entry_texts__old SELECT n, 'text' FROM n;
    INSERT INTO entries__old SELECT position, 'one-run' FROM entry_texts__old`,
  )
  await startAt(directory)
  await expect.poll(() => oldTables(directory)).toBe(0)
})

test('a rebuild that was stopped goes on at the next start', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  await first.caughtUpTo(await fill(store, 500))
  const cut = first.rebuild()()
  await first.stop()
  const answer = await cut
  const second = await startAt(directory)
  rightOf(await second.rebuild()())
  expect(['Left', 'Right']).toContain(answer._tag)
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 500))
})
