import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SMALL_METADATA } from '../../projections/run-version.ts'
import { LARGE, type QueryBudget, SMALL } from '../../src/read-model/queries/keyset-pagination.ts'
import { runPlanOf } from '../../src/read-model/queries/list-runs.ts'
import type { FoundRuns } from '../../src/read-model/queries/search-runs.ts'
import type { RunMoment, RunQuery, RunSort, SortKey } from '../../src/read-model/read-model.ts'
import { pastRunStatements } from '../../src/read-model/sqlite/reading/past-statements.ts'
import { createAnswerers } from '../../src/read-model/sqlite/reading/questions.ts'
import type { RunEvent } from '../../src/run/events.ts'
import type { Run } from '../../src/run/run.ts'
import { runsAt, seenIn } from '../support/oracles/oracle.ts'
import {
  contentsOf,
  interleaved,
  itemsIn,
  openOwnReadModel,
  type Step,
  storedAs,
} from '../support/read-model/read-models.ts'
import { at, changed, completed, created, metadata, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

const RUNS = 60
const RESULTS = ['APPROVED', 'DECLINED', null]
const pick = <T>(from: readonly T[], i: number): T => from[i % from.length] as T

/** Run `i`, some of it moved here from a ledger that learnt of it late and in leaps. */
const eventsOf = (i: number): readonly RunEvent[] => {
  const begin = i % 9
  const life = [
    created({
      run_group_id: pick([null, 'group-1', 'group-2'], i),
      policy_version_id: `policy-${i % 2}`,
      run_metadata: { channel: pick(['web', 'app'], i) },
      occurred_at: at(begin),
    }),
    started({ occurred_at: at(begin + 1) }),
    changed({
      status: pick(['IN_REVIEW', 'WAITING'], i),
      occurred_at: at(begin + 1 + (i % 4)),
      run_metadata: { step: i },
    }),
    changed({ status: 'IN_REVIEW', occurred_at: at(begin + 5) }),
    completed({ status: pick(['SUCCESS', 'FAILURE'], i), result: pick(RESULTS, i), occurred_at: at(begin + 7) }),
  ].slice(0, 1 + (i % 5))
  if (i % 3 !== 0) return life
  return life.map((event, revision) => ({
    ...event,
    metadata: metadata({ imported: { recorded_at: at(2 * begin + 3 * Math.floor(revision / 2)), position: '1' } }),
  }))
}

const log = interleaved(
  new Map(Array.from({ length: RUNS }, (_, i) => [`run-${i}`, eventsOf(i)])),
  [3, 1, 4, 1, 5, 9],
).map((event) => (event.stream === 'run-4' && event.revision === 2 ? { ...event, type: 'RunInvented' } : event))
const seen = seenIn(log)
const channels = new Map(runsAt(seen).map((run) => [run.run_id, run.run_metadata['channel']]))

type Filters = Omit<RunQuery, 'sort' | 'limit' | 'count' | 'after'>

const expected = (query: Filters, sort: RunSort): readonly Run[] => {
  const any = (values: readonly string[] | undefined, value: string | null) =>
    values === undefined || (value !== null && values.includes(value))
  const within = (time: string, from: string | undefined, before: string | undefined) =>
    (from === undefined || time >= from) && (before === undefined || time < before)
  const sign = sort.startsWith('-') ? -1 : 1
  const key = (run: Run) => `${sort.endsWith('created_at') ? run.created_at : run.last_updated_at} ${run.run_id}`
  return runsAt(seen, query)
    .filter(
      (run) =>
        any(query.status, run.status) &&
        any(query.result, run.result) &&
        any(query.run_group_id, run.run_group_id) &&
        any(query.policy_version_id, run.policy_version_id) &&
        within(run.created_at, query.created_after, query.created_before) &&
        within(run.last_updated_at, query.updated_after, query.updated_before) &&
        (query.metadata ?? []).every(([, value]) => channels.get(run.run_id) === value),
    )
    .sort((a, b) => (key(a) < key(b) ? -sign : sign))
}

const moment: fc.Arbitrary<RunMoment> = fc
  .tuple(fc.integer({ min: -1, max: 18 }).map(at), fc.integer({ min: -1, max: 24 }).map(at), fc.nat(3))
  .map(([as_of, known_at, which]) => (which === 0 ? { known_at } : which === 1 ? { as_of, known_at } : { as_of }))

const some = (...values: readonly string[]) =>
  fc.option(fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 2 })
const time = fc.option(fc.integer({ min: 0, max: 16 }).map(at), { nil: undefined, freq: 2 })

const NAMES = [
  'status',
  'result',
  'run_group_id',
  'policy_version_id',
  'created_after',
  'created_before',
  'updated_after',
  'updated_before',
  'metadata',
] as const
const filters = fc.record({
  status: some('PENDING', 'STARTED', 'IN_REVIEW', 'SUCCESS', 'FAILURE'),
  result: some('APPROVED', 'DECLINED'),
  run_group_id: some('group-1', 'group-2'),
  policy_version_id: some('policy-0', 'policy-1'),
  created_after: time,
  created_before: time,
  updated_after: time,
  updated_before: time,
  metadata: fc.option(
    fc.constantFrom('web', 'app').map((value) => [['channel', value] as const]),
    { nil: undefined },
  ),
})
const asked: fc.Arbitrary<Filters> = fc
  .tuple(filters, fc.subarray([...NAMES], { maxLength: 3 }), moment)
  .map(([all, names, when]) => ({ ...Object.fromEntries(names.map((name) => [name, all[name]])), ...when }) as Filters)
const SORTS = ['created_at', '-created_at', 'last_updated_at', '-last_updated_at'] as const

// The runs are few: these make each way of answering happen.
const BUDGETS: Record<string, QueryBudget> = {
  'where every filter finds few': { ...SMALL, countAll: true },
  'where a few entries are many': { ...LARGE, entries: 6 },
  'where no time is left': { ...LARGE, entries: 5, ms: 0 },
}

const filled = async () => {
  const own = await openOwnReadModel()
  await own.project(log)
  const db = new DatabaseSync(own.path)
  onTestFinished(() => db.close())
  return { ...own, list: createAnswerers(db).runs }
}

const walk = (list: (query: RunQuery) => FoundRuns | null, query: Filters, sort: RunSort, limit: number) => {
  const found: unknown[] = []
  let after: SortKey | undefined
  for (let pages = 0; pages < 1_000; pages += 1) {
    const page = list({ ...query, sort, limit, after, count: false })
    if (page === null) throw new Error('the budget was too small')
    found.push(...page.runs.map(({ text }) => JSON.parse(text)))
    if (page.next === null) return found
    after = page.next
  }
  throw new Error('the pages do not end')
}

describe('any filters at any moment, in any order, page by page, give every run that matches as it stood', () => {
  test.each(Object.entries(BUDGETS))('%s', async (_, budget) => {
    const { list } = await filled()
    fc.assert(
      fc.property(asked, fc.constantFrom(...SORTS), fc.integer({ min: 1, max: 30 }), (query, sort, limit) => {
        expect(walk((each) => list(each, budget), query, sort, limit)).toEqual(expected(query, sort))
        const counted = list({ ...query, sort, limit: 1, count: true }, { ...budget, countAll: true })
        expect(counted?.count).toBe(expected(query, sort).length)
      }),
      { numRuns: 120, examples: [[{ as_of: at(5) }, '-created_at', 7]] },
    )
  })
})

describe('the index that answers a list of the past', () => {
  const detailsOf = async (query: RunQuery) => {
    const { path } = await filled()
    const db = new DatabaseSync(path)
    onTestFinished(() => db.close())
    const plan = runPlanOf(query)
    const statements = pastRunStatements(plan, query)
    const { sql, parameters } = statements.rowsOn(plan.exact?.[0] ?? plan.scan, { after: plan.after }, 51)
    const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...(parameters as string[])) as { detail: string }[]
    return rows.map(({ detail }) => detail)
  }
  const asked = { as_of: at(5), limit: 50, count: false } as const
  const runKey = { value: at(3), run_id: 'run-1' }

  test.each<[string, RunQuery, RegExp]>([
    ['by creation', { ...asked, sort: '-created_at' }, /runs USING INDEX runs_created_/],
    ['by creation, from a cursor', { ...asked, sort: 'created_at', after: runKey }, /runs USING INDEX runs_created_/],
    [
      'of a group',
      { ...asked, sort: '-created_at', run_group_id: ['group-1'] },
      /runs USING INDEX runs_group_created_/,
    ],
    ['of a status', { ...asked, sort: '-created_at', status: ['SUCCESS'] }, /runs USING INDEX runs_created_/],
    ['by change', { ...asked, sort: '-last_updated_at' }, /version USING INDEX entries_occurred_/],
    ['known then', { ...asked, known_at: at(9), sort: '-created_at' }, /runs USING INDEX runs_created_/],
    // Ties of one moment are sorted by run.
  ])('%s has the order, and each version is looked up in the index of runs', async (_, query, index) => {
    const details = await detailsOf(query)
    expect(details[0]).toMatch(index)
    expect(details.join('\n')).toMatch(/SEARCH past USING COVERING INDEX entries_run_\d+ \(run_id=/)
    expect(details.join('\n')).not.toMatch(/TEMP B-TREE FOR ORDER BY|SCAN past/)
  })
})

test('a moment before every run has none', async () => {
  const { list } = await filled()
  const query: RunQuery = { as_of: at(-1), sort: '-created_at', limit: 5, count: true }
  expect(list(query, LARGE)).toMatchObject({ runs: [], next: null, count: 0 })
})

test('a run that cannot be read on stands at its last good revision, and is named', async () => {
  const { list } = await filled()
  const page = list({ as_of: at(60), sort: '-created_at', limit: 100, count: false }, LARGE)
  expect(page?.runs.find(({ run_id }) => run_id === 'run-4')).toMatchObject({ revision: 1, quarantined: 2 })
})

test('large metadata that change often take little space, and stand in every version as they were', async () => {
  const { path, project, readModel } = await openOwnReadModel()
  const big = 'x'.repeat(20 * SMALL_METADATA)
  const events = [
    storedAs('big', 0, 1, created({ run_metadata: { big, n: 0 } })),
    storedAs('big', 1, 2, started()),
    ...Array.from({ length: 120 }, (_, i) =>
      storedAs('big', i + 2, i + 3, changed({ occurred_at: at(10 + i), run_metadata: { n: i + 1, [`k${i % 5}`]: i } })),
    ),
  ]
  await project(events.slice(0, 50))
  await project(events.slice(50))
  const kept = contentsOf(path).entry_texts as readonly { run_metadata: string | null }[]
  const characters = kept.reduce((sum, { run_metadata }) => sum + (run_metadata?.length ?? 0), 0)
  expect(characters).toBeLessThan(15 * big.length)
  const all = seenIn(events)
  for (const minutes of [1, 9, 10, 37, 88, 129, 500]) {
    const query: RunQuery = { as_of: at(minutes), sort: '-last_updated_at', limit: 10, count: false }
    const [run] = rightOf(await readModel.listRuns(query)()).runs
    expect(JSON.parse(run?.text ?? '')).toEqual(runsAt(all, query)[0])
  }
  const { text, next } = rightOf(await readModel.listSteps('big', { from: 70, limit: 9 })())
  expect(itemsIn<Step>(text).map(({ run }) => run)).toEqual(all.slice(70, 79).map(({ after }) => after))
  expect(next).toBe(79)
})
