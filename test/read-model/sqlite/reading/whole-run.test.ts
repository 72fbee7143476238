import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { SMALL_METADATA } from '../../../../projections/run-version.ts'
import { listTrail } from '../../../../src/read-model/queries/list-entries.ts'
import { listSteps } from '../../../../src/read-model/queries/list-steps.ts'
import { entryStatements } from '../../../../src/read-model/sqlite/reading/entry-statements.ts'
import { createStatementPool, runQuery } from '../../../../src/read-model/sqlite/reading/statement-pool.ts'
import { versionStatements } from '../../../../src/read-model/sqlite/reading/version-statements.ts'
import { createWholeRunReader } from '../../../../src/read-model/sqlite/reading/whole-run.ts'
import type { RunEvent } from '../../../../src/run/events.ts'
import { history } from '../../../support/histories.ts'
import { openOwnReadModel, storedAs } from '../../../support/read-model/read-models.ts'
import { at, changed, created, started } from '../../../support/run-builders.ts'

/** Both ways of reading the run `run` of these events, at most `limit` of them. */
const waysOver = async (events: readonly RunEvent[]) => {
  const { path, project, close } = await openOwnReadModel()
  await project(events.map((event, i) => storedAs('run', i, i + 1, event)))
  await close()
  const db = new DatabaseSync(path)
  onTestFinished(() => {
    if (db.isOpen) db.close()
  })
  const pool = createStatementPool(db)
  const whole = createWholeRunReader(db)
  return {
    whole: (limit: number) => ({
      trail: whole.trail('run', { limit }),
      steps: whole.steps('run', { from: 0, limit }),
    }),
    oneByOne: (limit: number) => ({
      trail: runQuery(pool, listTrail(entryStatements, 'run', { limit })),
      steps: runQuery(pool, listSteps(versionStatements, 'run', { from: 0, limit })),
    }),
    end: () => db.close(),
  }
}

test('a whole run by one statement is what it is event by event', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(history, async (events) => {
      fc.pre(events.length > 0)
      const { whole, oneByOne, end } = await waysOver(events)
      const expected = oneByOne(100)
      const { trail, steps } = whole(100)
      if (trail !== null) expect(trail).toStrictEqual(expected.trail)
      if (steps !== null) expect(steps).toStrictEqual(expected.steps)
      compared += Number(trail !== null) + Number(steps !== null)
      expect(whole(events.length)).toStrictEqual({ trail, steps })
      expect(whole(events.length - 1)).toStrictEqual({ trail: null, steps: null })
      end()
    }),
    { numRuns: 60 },
  )
  expect(compared).toBeGreaterThan(60)
})

test('metadata are carried on to the steps that do not change them', async () => {
  const { whole, oneByOne } = await waysOver([
    created({ run_metadata: { channel: 'web' } }),
    started(),
    changed({ occurred_at: at(5), run_metadata: { desk: 'a' } }),
    changed({ occurred_at: at(6) }),
  ])
  expect(whole(100).steps).not.toBeNull()
  expect(whole(100)).toStrictEqual(oneByOne(100))
})

test.each([
  ['the run does not exist', [], { trail: null, steps: null }],
  ['its input is large', [created({ input_data: { big: 'x'.repeat(20_000) } })], { trail: null, steps: null }],
  [
    'its metadata have to be folded',
    [
      created({ run_metadata: { big: 'x'.repeat(2 * SMALL_METADATA), n: 0 } }),
      started(),
      ...Array.from({ length: 10 }, (_, i) => changed({ occurred_at: at(5 + i), run_metadata: { n: i } })),
    ],
    { trail: { next: null }, steps: null },
  ],
] satisfies [string, RunEvent[], object][])(
  'where %s, it is left to be read event by event',
  async (_, events, left) => {
    const { whole } = await waysOver(events)
    expect(whole(100)).toMatchObject(left)
  },
)
