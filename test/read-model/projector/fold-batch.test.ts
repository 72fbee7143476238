import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFolding } from '../../../src/read-model/projector/fold-batch.ts'
import { openForWriting } from '../../../src/read-model/sqlite/database.ts'
import { LIVE } from '../../../src/read-model/sqlite/tables.ts'
import { createTableWriter } from '../../../src/read-model/sqlite/writing/table-writer.ts'
import { storedAs } from '../../support/read-models.ts'
import { at, changed, created, started } from '../../support/run-builders.ts'
import { rightOf } from '../../support/scenario.ts'
import { testDirectory } from '../../support/stores.ts'

test('runs that have outgrown the memory they may take together are read from their rows again', () => {
  const db = rightOf(openForWriting(join(testDirectory(), 'read-model.db')))
  onTestFinished(() => db.close())
  const writer = createTableWriter(db, LIVE)
  let loads = 0
  const counting: typeof writer.load = (run_id) => {
    loads += 1
    return writer.load(run_id)
  }
  const folding = createFolding({ writer: { ...writer, load: counting }, cacheCharacters: 5_000 })
  const big = changed({ occurred_at: at(10), run_metadata: { big: 'x'.repeat(3_000) } })
  let position = 0
  for (const [revision, event] of [created(), started(), big].entries())
    for (const run_id of ['one', 'other']) {
      position += 1
      folding.fold(storedAs(run_id, revision, position, event))
      folding.writeRuns()
    }
  expect(loads).toBe(0)
  folding.fold(storedAs('one', 3, 7, changed({ occurred_at: at(11) })))
  folding.writeRuns()
  expect(loads).toBe(1)
})

test('a run set aside before it began, in a log whose order is broken, stays so whatever is in memory', () => {
  const db = rightOf(openForWriting(join(testDirectory(), 'read-model.db')))
  onTestFinished(() => db.close())
  // The second folding finds one in quarantine from the beginning.
  for (const [i, run_id] of ['one', 'other'].entries()) {
    const folding = createFolding({ writer: createTableWriter(db, LIVE), cacheCharacters: 5_000 })
    folding.fold(storedAs(run_id, 1, 2 * i + 1, started()))
    folding.writeRuns()
    folding.forget(run_id)
    folding.fold(storedAs(run_id, 0, 2 * i + 2, created()))
    folding.writeRuns()
  }
  expect(db.prepare('SELECT run_id FROM runs').all()).toStrictEqual([])
  expect(db.prepare('SELECT run_id, revision FROM quarantine').all()).toMatchObject([
    { run_id: 'one', revision: 1 },
    { run_id: 'other', revision: 1 },
  ])
})
