import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Entry } from '../../projections/audit-entry.ts'
import type { StoredEvent } from '../../src/event-store/event-store.ts'
import { LARGE, type QueryBudget, SMALL } from '../../src/read-model/queries/keyset-pagination.ts'
import { type EntryPath, entryPlanOf } from '../../src/read-model/queries/list-entries.ts'
import type { EntryFilters, EntryKey, EntryPage, EntryQuery, EntrySort } from '../../src/read-model/read-model.ts'
import { entryStatements } from '../../src/read-model/sqlite/reading/entry-statements.ts'
import { createAnswerers } from '../../src/read-model/sqlite/reading/questions.ts'
import { seenIn, sets } from '../support/oracles/oracle.ts'
import { interleaved, openOwnReadModel, positionAt, storedAs } from '../support/read-model/read-models.ts'
import { at, changed, completed, created, metadata, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

const ACTORS = ['alice', 'bob', "O'Hara", 'rare']
const GROUPS = ['group-1', 'group-2', null]
const RUNS = 60
const pick = <T>(from: readonly T[], i: number): T => from[i % from.length] as T

/** Run `i`, at times that meet those of others; here and there a correlation id is another's command id. */
const eventsOf = (i: number) =>
  [
    created({ run_group_id: pick(GROUPS, i), policy_version_id: `policy-${i % 2}`, occurred_at: at(i % 7) }),
    started({ occurred_at: at((i % 7) + 1) }),
    changed({
      occurred_at: at((i % 7) + 1 + (i % 3)),
      reason: 'because',
      run_metadata: { score: i, 'a/b': { c: i % 3 } },
    }),
    completed({ occurred_at: at(12), result: pick(['APPROVED', 'DECLINED', null], i), reason: `rule ${i}` }),
  ].map((event, revision) => ({
    ...event,
    metadata: metadata({
      actor: i === 7 ? 'rare' : pick(ACTORS.slice(0, 3), i + revision),
      command_id: `command-${i}-${revision}`,
      $correlationId: pick([`command-${i}-${revision}`, 'nightly', `command-${i + 1}-0`], i),
    }),
  }))

/** One run cannot be read from its second event on, and one event has neither time nor actor. */
const broken = ({ stream, revision }: StoredEvent) => stream === 'run-5' && revision === 1
const events: readonly StoredEvent[] = [
  ...interleaved(new Map(Array.from({ length: RUNS }, (_, i) => [`run-${i}`, eventsOf(i)])), [3, 1, 4, 1, 5, 9]).map(
    (event) => (broken(event) ? { ...event, type: 'RunInvented' } : event),
  ),
  { ...storedAs('run-x', 0, RUNS * 4 + 1, started()), data: '[', metadata: '[' },
]
const parsable = events.filter(({ data }) => data !== '[')
const unreadable = { position: positionAt(RUNS * 4 + 1), type: 'RunStarted', run_id: 'run-x' } as Entry
const seen = seenIn(parsable)
const entries: readonly Entry[] = [...seen.map(({ entry }) => entry), unreadable]

const firstOf = new Map(seen.flatMap(({ after }) => (after === null ? [] : [[after.run_id, after] as const])))

const seenAt = new Map(seen.map((each) => [each.entry.position, each]))

const passes = (entry: Entry, filters: EntryFilters & { until?: string | undefined }): boolean => {
  const any = (values: readonly string[] | undefined, value: string | null | undefined) =>
    values === undefined || (value != null && values.includes(value))
  const within = (time: string | null | undefined, from: string | undefined, before: string | undefined) =>
    (from === undefined || (time != null && time >= from)) && (before === undefined || (time != null && time < before))
  const run = firstOf.get(entry.run_id)
  return (
    sets(seenAt.get(entry.position) ?? { entry, after: null }, filters) &&
    any(filters.actor, entry.actor) &&
    any(filters.type, entry.type) &&
    any(filters.run_id, entry.run_id) &&
    any(filters.policy_version_id, run?.policy_version_id) &&
    any(filters.run_group_id, run?.run_group_id) &&
    any(filters.command_id, entry.command_id) &&
    any(filters.correlation_id, entry.correlation_id) &&
    within(entry.occurred_at, filters.occurred_after, filters.occurred_before) &&
    within(entry.recorded_at ?? RECORDED_LAST, filters.recorded_after, filters.recorded_before) &&
    (filters.until === undefined || entry.position <= filters.until)
  )
}

const RECORDED_LAST = events.at(-1)?.recorded_at ?? ''

/** What a list must be: every Entry looked at, and sorted. */
const expected = (filters: EntryFilters, sort: EntrySort): readonly string[] => {
  const sign = sort.startsWith('-') ? -1 : 1
  const key = ({ occurred_at, position }: Entry) =>
    sort.endsWith('position') ? position : `${occurred_at ?? ''} ${position}`
  const found = entries.filter((entry) => passes(entry, filters))
  return found.sort((a, b) => (key(a) < key(b) ? -sign : sign)).map(({ position }) => position)
}

const some = (values: readonly string[]) =>
  fc.option(fc.array(fc.constantFrom(...values, 'nothing'), { minLength: 1, maxLength: 3 }), {
    nil: undefined,
    freq: 2,
  })
const time = fc.option(fc.integer({ min: -1, max: 14 }).map(at), { nil: undefined, freq: 3 })
const recorded = fc.option(
  fc.nat(RUNS * 4).map((i) => (events[i] as StoredEvent).recorded_at),
  { nil: undefined, freq: 2 },
)
const ids = ['command-3-0', 'command-3-1', 'nightly', 'command-4-0', "'; --"]
const filters: fc.Arbitrary<EntryFilters & { until?: string | undefined }> = fc.record({
  actor: some(ACTORS),
  type: some(['RunCreated', 'RunCompleted', 'RunInvented']),
  run_id: some(['run-1', 'run-2', 'run-5', 'run-x']),
  policy_version_id: some(['policy-0', 'policy-1']),
  run_group_id: some(['group-1', 'group-2']),
  command_id: some(ids),
  status: some(['PENDING', 'IN_REVIEW', 'SUCCESS']),
  result: some(['APPROVED', 'DECLINED']),
  path: some(['/status', '/result', '/run_metadata/score', '/run_metadata/a~1b/*', '/run_metadata/*']),
  reason: some(['because', 'rule 1', 'rule']),
  correlation_id: some(ids),
  occurred_after: time,
  occurred_before: time,
  recorded_after: recorded,
  recorded_before: recorded,
  until: fc.option(fc.nat(RUNS * 4 + 2).map(positionAt), { nil: undefined, freq: 2 }),
})
const NAMES = [
  'actor',
  'type',
  'status',
  'result',
  'path',
  'reason',
  'run_id',
  'policy_version_id',
  'run_group_id',
  'command_id',
  'correlation_id',
  'occurred_after',
  'occurred_before',
  'recorded_after',
  'recorded_before',
  'until',
] as const

/** Few at a time: all together let hardly anything pass. */
const fewFilters = fc
  .tuple(filters, fc.subarray([...NAMES], { maxLength: 3 }))
  .map(([all, names]) => Object.fromEntries(names.map((name) => [name, all[name]])) as EntryFilters)

const SORTS = ['position', '-position', 'occurred_at', '-occurred_at'] as const

// The entries are few: these make each way of answering happen.
const BUDGETS: Record<string, QueryBudget> = {
  'where every filter finds few': { ...SMALL, search: LARGE.search },
  'where a few entries are many': { ...LARGE, entries: 12 },
  'where no time is left': { ...LARGE, entries: 7, ms: 0 },
}

const filled = async () => {
  const own = await openOwnReadModel()
  await own.project(events)
  const db = new DatabaseSync(own.path)
  onTestFinished(() => db.close())
  return { ...own, db, list: createAnswerers(db).entries }
}

const walk = (
  list: (query: EntryQuery) => Omit<EntryPage, 'position'> | null,
  asked: EntryFilters,
  sort: EntrySort,
  limit: number,
) => {
  const found: string[] = []
  let after: EntryKey | undefined
  for (let pages = 0; pages < 1_000; pages += 1) {
    const page = list({ ...asked, sort, limit, after })
    if (page === null) throw new Error('the budget was too small')
    expect(page.entries.length).toBeLessThanOrEqual(limit)
    found.push(...page.entries.map(({ position }) => position))
    if (page.next === null) return found
    after = page.next
  }
  throw new Error('the pages do not end')
}

describe('any filters, in any order, page by page, give what looking at every Entry gives', () => {
  test.each(Object.entries(BUDGETS))('%s', async (_, budget) => {
    const { list } = await filled()
    fc.assert(
      fc.property(fewFilters, fc.constantFrom(...SORTS), fc.integer({ min: 1, max: 40 }), (asked, sort, limit) => {
        expect(walk((query) => list(query, budget), asked, sort, limit)).toStrictEqual(expected(asked, sort))
      }),
      {
        numRuns: 120,
        examples: [
          [{}, '-position', 7],
          [{ command_id: ids, correlation_id: ids }, 'position', 3],
        ],
      },
    )
  })
})

test('a page holds the Entries themselves, ready to send', async () => {
  const { readModel } = await filled()
  const page = rightOf(await readModel.listEntries({ run_id: ['run-3'], sort: 'position', limit: 10 })())
  expect(page.entries.map(({ text }) => JSON.parse(text))).toEqual(
    seen.flatMap(({ entry }) => (entry.run_id === 'run-3' ? [entry] : [])),
  )
  expect(page).toMatchObject({ position: positionAt(RUNS * 4 + 1), next: null })
})

test('a page of big Entries is short, and the next goes on', async () => {
  const { readModel, project } = await openOwnReadModel()
  const big = 'x'.repeat(900_000)
  await project(
    Array.from({ length: 8 }, (_, i) =>
      storedAs(`big-${i}`, 0, i + 1, created({ input_data: { big }, run_metadata: {} })),
    ),
  )
  const first = rightOf(await readModel.listEntries({ sort: 'position', limit: 8 })())
  expect(first.entries.length).toBeLessThan(8)
  const second = rightOf(await readModel.listEntries({ sort: 'position', limit: 8, after: first.next as EntryKey })())
  expect(second.entries[0]?.position).toBe(positionAt(first.entries.length + 1))
})

test('what would take long is answered by another thread, the same', async () => {
  const { list, project, readModel } = await filled()
  await project(Array.from({ length: 2_500 }, (_, i) => storedAs(`more-${i}`, 0, 1_000 + i, created())))
  const query: EntryQuery = { type: ['RunCompleted'], sort: '-position', limit: 100 }
  expect(list(query, SMALL)).toBeNull()
  const { position, ...page } = rightOf(await readModel.listEntries(query)())
  expect(position).toBe(positionAt(3_499))
  expect(page).toStrictEqual(list(query, LARGE))
})

describe('the index that answers', () => {
  const one = (column: 'position' | 'occurred_at', driver: EntryPath['driver'] = null) => ({ driver, column })

  test.each<[string, ReturnType<typeof one>, RegExp]>([
    ['all by position', one('position'), /SEARCH entries USING INTEGER PRIMARY KEY/],
    ['all by time', one('occurred_at'), /entries_occurred_1 /],
    ['an actor by position', one('position', { kind: 'actor', values: ['a'] }), /entries_actor_1 /],
    ['an actor by time', one('occurred_at', { kind: 'actor', values: ['a'] }), /entries_actor_occurred_1 /],
    [
      'a run',
      one('position', { kind: 'run', values: ['r'] }),
      /SEARCH entries USING (COVERING )?INDEX entries_run_1 \(run_id=/,
    ],
    [
      'a command',
      one('position', { kind: 'id', column: 'command_id', values: ['c'] }),
      /entry_ids USING COVERING INDEX entry_ids_hash/,
    ],
  ])('%s: a range of it, and nothing is sorted', async (_, { driver, column }, index) => {
    const { db } = await filled()
    const key = column === 'position' ? 9 : at(3)
    const statements = entryStatements(entryPlanOf({ sort: `-${column}`, limit: 50 }))
    const { sql, parameters: values } = statements.rowsOn({ driver, tests: [] }, { after: { value: key, tie: 9 } }, 51)
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...(values as string[])) as { detail: string }[]
    const details = plan.map(({ detail }) => detail)
    expect(details.join('\n')).toMatch(index)
    expect(details.join('\n')).not.toMatch(/TEMP B-TREE/)
  })
})
