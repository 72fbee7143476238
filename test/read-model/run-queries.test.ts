import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { LARGE, type QueryBudget, SMALL } from '../../src/read-model/queries/keyset-pagination.ts'
import { type RunPath, runPlanOf } from '../../src/read-model/queries/list-runs.ts'
import type { Equality } from '../../src/read-model/queries/run-predicates.ts'
import type { FoundRuns } from '../../src/read-model/queries/search-runs.ts'
import type { RunFilters, RunQuery, RunSort, SortKey } from '../../src/read-model/read-model.ts'
import { createAnswerers } from '../../src/read-model/sqlite/reading/questions.ts'
import { currentRunStatements } from '../../src/read-model/sqlite/reading/run-statements.ts'
import type { RunEvent } from '../../src/run/events.ts'
import type { Json } from '../../src/run/json.ts'
import type { Run } from '../../src/run/run.ts'
import { interleaved, openOwnReadModel, positionAt, storedAs } from '../support/read-model/read-models.ts'
import { at, changed, completed, created, started } from '../support/run-builders.ts'
import { folded, rightOf } from '../support/scenario.ts'

const STATUSES = ['PENDING', 'STARTED', 'IN_REVIEW', 'SUCCESS', 'FAILURE']
const RESULTS = ['APPROVED', 'DECLINED', '', "O'Hara; DROP TABLE runs"]
const GROUPS = ['group-1', 'group-2', 'group-3']
const POLICIES = ['policy-1', 'policy-2']
const VALUES: readonly Json[] = [
  'web',
  'app',
  1,
  '1',
  true,
  null,
  'null',
  { nested: 'web' },
  ['web'],
  'x'.repeat(300),
  0.5,
]
const KEYS = ['channel', 'k"ey', "it's", 'a.b[0]', '$', '', 'y'.repeat(250)]
const RUNS = 300

const pick = <T>(from: readonly T[], i: number): T => from[i % from.length] as T

/** Run `i`: like many others, unlike most, with ties in both times. */
const eventsOf = (i: number): readonly RunEvent[] => {
  const begin = Math.floor(i / 3) % 40
  const metadata = { run_metadata: { [pick(KEYS, i * 7)]: pick(VALUES, i * 3), everywhere: 'yes' } }
  const opening = created({
    run_group_id: i % 4 === 0 ? null : pick(GROUPS, i),
    policy_version_id: pick(POLICIES, Math.floor(i / 20)),
    occurred_at: at(begin),
    ...metadata,
  })
  const later = (minutes: number) => ({ occurred_at: at(begin + minutes) })
  const result = i % 9 === 0 ? null : pick(RESULTS, Math.floor(i / 2))
  return [
    [opening],
    [opening, started(later(1))],
    [
      opening,
      started(later(1)),
      changed({ ...later(i % 11), status: 'IN_REVIEW', occurred_at: at(begin + 2 + (i % 11)) }),
    ],
    [
      opening,
      started(later(1)),
      completed({ ...later(5 + (i % 13)), result, run_metadata: { [pick(KEYS, i)]: 'late' } }),
    ],
    [opening, completed({ ...later(3), status: 'FAILURE', result })],
  ][i % 5] as RunEvent[]
}

const runId = (i: number): string => `run-${(i * 7919) % 1000}`
const histories = new Map(Array.from({ length: RUNS }, (_, i) => [runId(i), eventsOf(i)]))
const runs: readonly Run[] = [...histories].map(([run_id, events]) => ({ ...(folded(events) as Run), run_id }))

const textOf = (value: Json): string | null => {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null ? null : JSON.stringify(value)
}

const passes = (run: Run, filters: RunFilters): boolean => {
  const any = (values: readonly string[] | undefined, value: string | null) =>
    values === undefined || (value !== null && values.includes(value))
  const within = (time: string, from: string | undefined, before: string | undefined) =>
    (from === undefined || time >= from) && (before === undefined || time < before)
  return (
    any(filters.status, run.status) &&
    any(filters.result, run.result) &&
    any(filters.run_group_id, run.run_group_id) &&
    any(filters.policy_version_id, run.policy_version_id) &&
    within(run.created_at, filters.created_after, filters.created_before) &&
    within(run.last_updated_at, filters.updated_after, filters.updated_before) &&
    (filters.metadata ?? []).every(
      ([key, text]) => Object.hasOwn(run.run_metadata, key) && textOf(run.run_metadata[key] as Json) === text,
    )
  )
}

const keyOf = (run: Run, sort: RunSort): SortKey => ({
  value: sort.endsWith('created_at') ? run.created_at : run.last_updated_at,
  run_id: run.run_id,
})

/** What a list must be: every run looked at, and sorted. */
const oracle = (filters: RunFilters, sort: RunSort): readonly string[] => {
  const sign = sort.startsWith('-') ? -1 : 1
  const text = (run: Run) => `${keyOf(run, sort).value} ${run.run_id}`
  const found = runs.filter((run) => passes(run, filters))
  return found.sort((a, b) => (text(a) < text(b) ? -sign : sign)).map(({ run_id }) => run_id)
}

const subset = (values: readonly string[]) =>
  fc.option(fc.array(fc.constantFrom(...values, 'nothing-has-this'), { minLength: 1, maxLength: 4 }), {
    nil: undefined,
    freq: 2,
  })
const time = fc.option(fc.integer({ min: -2, max: 60 }).map(at), { nil: undefined, freq: 3 })
const metadata = fc.option(
  fc.array(
    fc.tuple(
      fc.constantFrom(...KEYS, 'everywhere', "'; DROP TABLE runs; --"),
      fc.constantFrom(
        'web',
        '1',
        'true',
        'null',
        'late',
        'yes',
        'x'.repeat(300),
        '0.5',
        '{"nested":"web"}',
        "' OR 1=1 --",
      ),
    ),
    { minLength: 1, maxLength: 2 },
  ),
  { nil: undefined, freq: 2 },
)
const filters: fc.Arbitrary<RunFilters> = fc.record({
  status: subset(STATUSES),
  result: subset(RESULTS),
  run_group_id: subset(GROUPS),
  policy_version_id: subset(POLICIES),
  created_after: time,
  created_before: time,
  updated_after: time,
  updated_before: time,
  metadata,
})
const SORTS = ['created_at', '-created_at', 'last_updated_at', '-last_updated_at'] as const

// The data are few: these make each way of answering happen.
const BUDGETS: Record<string, QueryBudget> = {
  // Counting without a filter is left to another thread else.
  'where every filter finds few': { ...SMALL, countAll: true },
  'where a few entries are many': {
    entries: 12,
    ranges: Number.POSITIVE_INFINITY,
    ms: 1_000,
    countAll: true,
    search: { pageMs: 1_000, countMs: 10_000 },
  },
  'where no time is left': {
    entries: 7,
    ranges: Number.POSITIVE_INFINITY,
    ms: 0,
    countAll: true,
    search: { pageMs: 0, countMs: 10_000 },
  },
  'with room for all': LARGE,
}

/** The runs above in a read model, and its lister. */
const filled = async () => {
  const own = await openOwnReadModel()
  await own.project(interleaved(histories, [3, 1, 4, 1, 5, 9, 2, 6]))
  const db = new DatabaseSync(own.path)
  onTestFinished(() => db.close())
  return { ...own, list: createAnswerers(db).runs }
}

type Lister = (query: RunQuery) => FoundRuns | null

/** Every page of a query, one after another. */
const walk = (list: Lister, filters: RunFilters, sort: RunSort, limit: number): readonly string[] => {
  const found: string[] = []
  let after: SortKey | undefined
  for (let pages = 0; pages < 1_000; pages += 1) {
    const page = list({ ...filters, sort, limit, after, count: false })
    if (page === null) throw new Error('the budget was too small')
    expect(page.runs.length).toBeLessThanOrEqual(limit)
    found.push(...page.runs.map(({ run_id }) => run_id))
    if (page.next === null) return found
    after = page.next
  }
  throw new Error('the pages do not end')
}

describe('any filters, in any order, page by page, give what looking at every run gives', () => {
  test.each(Object.entries(BUDGETS))('%s', async (_, budget) => {
    const { list } = await filled()
    fc.assert(
      fc.property(filters, fc.constantFrom(...SORTS), fc.integer({ min: 1, max: 60 }), (asked, sort, limit) => {
        expect(walk((query) => list(query, budget), asked, sort, limit)).toStrictEqual(oracle(asked, sort))
        const counted = list({ ...asked, sort, limit: 1, count: true }, budget)
        expect(counted?.count).toBe(oracle(asked, sort).length)
      }),
      { numRuns: 300, examples: [[{}, '-created_at', 7]] },
    )
  })
})

test('what would take long is answered by another thread, the same', async () => {
  const { list, project, readModel } = await filled()
  const more = Array.from({ length: 2_500 }, (_, i) => {
    const status = i % 2 === 0 ? 'IN_REVIEW' : 'WAITING'
    const events = [created({ policy_version_id: 'policy-9' }), started(), changed({ status })]
    return events.map((event, revision) => storedAs(`more-${i}`, revision, 10_000 + i * 3 + revision, event))
  })
  await project(more.flat())
  const query: RunQuery = {
    status: ['IN_REVIEW'],
    policy_version_id: ['policy-9'],
    sort: '-last_updated_at',
    limit: 1_000,
    count: true,
  }
  expect(list(query, SMALL)).toBeNull()
  const { position, ...answer } = rightOf(await readModel.listRuns(query)())
  expect(position).toBe(positionAt(17_499))
  expect(answer.count).toBe(1_250)
  expect(answer).toStrictEqual(list(query, LARGE))
})

describe('the index that answers', () => {
  const planOf = async ({ sort, ...path }: Path) => {
    const { path: file } = await openOwnReadModel()
    const db = new DatabaseSync(file)
    onTestFinished(() => db.close())
    const plan0 = runPlanOf({ sort, limit: 50, count: false })
    const { sql, parameters } = currentRunStatements(plan0).rowsOn(path, { after: { value: at(3), tie: 'run-1' } }, 51)
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...(parameters as string[])) as { detail: string }[]
    return plan.map(({ detail }) => detail)
  }
  type Path = RunPath & Readonly<{ sort: RunSort }>
  const equality = (column: Equality['column'], ...values: string[]): Equality => ({ kind: 'equality', column, values })

  test.each<[string, Path, RegExp]>([
    ['all runs by creation', { driver: null, tests: [], sort: '-created_at' }, /runs_created_1 /],
    ['all runs by change', { driver: null, tests: [], sort: 'last_updated_at' }, /runs_updated_1 /],
    [
      'a status by creation',
      { driver: equality('status', 'S'), tests: [], sort: '-created_at' },
      /runs_status_created_1 /,
    ],
    [
      'a status by change',
      { driver: equality('status', 'S'), tests: [], sort: '-last_updated_at' },
      /runs_status_updated_1 /,
    ],
    ['a result', { driver: equality('result', 'R'), tests: [], sort: 'created_at' }, /runs_result_created_1 /],
    ['a group', { driver: equality('run_group_id', 'G'), tests: [], sort: 'created_at' }, /runs_group_created_1 /],
    [
      'a policy',
      { driver: equality('policy_version_id', 'P'), tests: [], sort: 'created_at' },
      /runs_policy_created_1 /,
    ],
    [
      'a metadata value',
      { driver: { kind: 'metadata', key: 'k', value: 'v' }, tests: [], sort: '-created_at' },
      /metadata_values USING PRIMARY KEY /,
    ],
    [
      'all runs, tested for a status',
      { driver: null, tests: [equality('status', 'S')], sort: '-last_updated_at' },
      /runs_updated_1 /,
    ],
  ])('of %s begins at the cursor and sorts nothing', async (_, path, index) => {
    const plan = await planOf(path)
    expect(plan[0]).toMatch(index)
    expect(plan[0]).toMatch(/\(.*run_id\)[<>]\(\?,\?\)/)
    expect(plan.join()).not.toMatch(/TEMP B-TREE|SCAN/)
  })
})

test('a page of big runs is short, and the next goes on', async () => {
  const { project, readModel } = await openOwnReadModel()
  const text = 'x'.repeat(900_000)
  await project(
    Array.from({ length: 12 }, (_, i) => storedAs(`big-${10 + i}`, 0, i + 1, created({ input_data: { text } }))),
  )
  const walked: string[] = []
  let after: SortKey | undefined
  do {
    const page = rightOf(await readModel.listRuns({ sort: 'created_at', limit: 1_000, after, count: false })())
    expect(page.runs.length).toBeLessThanOrEqual(5)
    walked.push(...page.runs.map(({ run_id }) => run_id))
    after = page.next ?? undefined
  } while (after !== undefined)
  expect(walked).toStrictEqual(Array.from({ length: 12 }, (_, i) => `big-${10 + i}`))
})

test('walking by creation gives every run once while runs arrive and change', async () => {
  const { list, project } = await filled()
  let row = 100_000
  let after: SortKey | undefined
  const found: string[] = []
  const changing = [...histories].filter(([, events]) => folded(events)?.status === 'STARTED')
  for (let page = 0; ; page += 1) {
    const answer = list({ sort: 'created_at', limit: 7, after, count: false }, SMALL)
    found.push(...(answer?.runs ?? []).map(({ run_id }) => run_id))
    if (answer === null || answer.next === null) break
    after = answer.next
    const [run_id, events] = changing[page % changing.length] as [string, readonly RunEvent[]]
    if (page < changing.length)
      await project([storedAs(run_id, events.length, row++, changed({ status: 'MOVED', occurred_at: at(500) }))])
    await project([
      storedAs(`early-${page}`, 0, row++, created({ occurred_at: at(-9) })),
      storedAs(`late-${page}`, 0, row++, created({ occurred_at: at(900) })),
    ])
  }
  const old = found.filter((run_id) => run_id.startsWith('run-'))
  expect(old).toStrictEqual(oracle({}, 'created_at'))
  expect(new Set(found).size).toBe(found.length)
})

test('a quarantined run is listed as it last was, and named', async () => {
  const { project, readModel } = await openOwnReadModel()
  await project([storedAs('run-1', 0, 1, created()), storedAs('run-1', 2, 2, started())])
  const { runs } = rightOf(await readModel.listRuns({ sort: 'created_at', limit: 9, count: false })())
  expect(runs).toMatchObject([{ run_id: 'run-1', revision: 0, quarantined: 2 }])
})
