/** Lists of runs: which index answers a query, and when it has looked at enough. */
import type { DatabaseSync } from 'node:sqlite'
import { checkpointPosition, positionOf } from './checkpoint.ts'
import { prepare } from './database.ts'
import type { RunPage, RunQuery, SortKey, StoredRun } from './read-model.ts'
import { type StoredRunValues, storedRun } from './run-columns.ts'
import {
  isDescending,
  isOrdered,
  type Predicate,
  predicatesOf,
  type Range,
  type SortColumn,
  type Stretch,
  sortColumnOf,
} from './run-predicates.ts'
import { countOf, entriesUpTo, keyAfter, keysFoundBy, ONE_RUN, type Path, runsOn } from './run-statements.ts'
import { createStatementPool, type StatementPool } from './statement-pool.ts'

/** How much work a query may be. */
export type QueryBudget = Readonly<{
  /** A filter that finds fewer index entries than this may be answered by looking at all of them. */
  entries: number
  /** How many stretches of that many entries a walk along an index may take; more make the page short. */
  stretches: number
  /** In ms: after that a walk makes its page short. */
  ms: number
  /** Whether runs may be counted that no index counts. */
  countAll: boolean
}>

/** What the thread that serves requests may do, about a millisecond. */
export const SMALL: QueryBudget = { entries: 1_000, stretches: 1, ms: 50, countAll: false }
/** What a thread that only answers queries may do. */
export const LARGE: QueryBudget = { entries: 20_000, stretches: Number.POSITIVE_INFINITY, ms: 1_000, countAll: true }

/** A page of the query, as the tables are at one moment; null where that takes more than `budget`. */
export type RunLister = (query: RunQuery, budget: QueryBudget) => RunPage | null

// A page is cut short after so much text, so that big runs do not fill the memory.
const MAX_PAGE_CHARACTERS = 4 * 1024 * 1024

export const createRunLister = (db: DatabaseSync): RunLister => {
  const pool = createStatementPool(db)
  const position = prepare(db, checkpointPosition())

  const list: RunLister = (query, budget) => {
    const at = positionOf(position)
    const page = pageOf(pool, query, budget)
    if (page === null || !query.count) return page === null ? null : { position: at, ...page }
    const count = countRuns(pool, query, budget)
    return count === null ? null : { position: at, ...page, count }
  }

  return (query, budget) => {
    // Reads before it in this turn of the event loop have begun one.
    if (db.isTransaction) return list(query, budget)
    db.exec('BEGIN')
    try {
      return list(query, budget)
    } finally {
      db.exec('COMMIT')
    }
  }
}

type Page = Readonly<{ runs: readonly StoredRun[]; next: SortKey | null }>
type Row = [value: string, ...run: StoredRunValues | BigRunValues]
type BigRunValues = [run_id: string, text: null, revision: number, quarantined: number | null]

const pageOf = (pool: StatementPool, query: RunQuery, budget: QueryBudget): Page | null => {
  const { sort, after, limit } = query
  const column = sortColumnOf(sort)
  const predicates = predicatesOf(query)
  const range = predicates.find((each): each is Range => each.kind === 'range' && each.column === column)
  const others = predicates.filter((each) => each !== range)
  const stretch = { after, range }
  const [only] = others
  if (only === undefined) return takePage(pool, pool.all<Row>(runsOn(all(sort), stretch, limit + 1)), limit)
  if (others.length === 1 && isOrdered(only, column))
    return takePage(pool, merged(pool, eachValue(only, sort), stretch, limit + 1), limit)
  const fewest = fewestEntries(pool, predicates, budget.entries)
  if (fewest !== null) return gathered(pool, pathBy(fewest, predicates, sort), stretch, limit)
  return walked(pool, walkingPath(others, sort), query, stretch, budget)
}

const all = (sort: RunQuery['sort']): Path => ({ driver: null, tests: [], sort })

const pathBy = (driver: Predicate, predicates: readonly Predicate[], sort: RunQuery['sort']): Path => ({
  driver,
  tests: predicates.filter((each) => each !== driver),
  sort,
})

/** The paths of each value by itself: each has the sort's order, which all of them together have not. */
const eachValue = (predicate: Predicate, sort: RunQuery['sort']): readonly Path[] =>
  predicate.kind === 'equality'
    ? predicate.values.map((value) => ({ driver: { ...predicate, values: [value] }, tests: [], sort }))
    : [{ driver: predicate, tests: [], sort }]

/** An index that has the sort's order, best one that leaves out what some filter does not ask for. */
const walkingPath = (others: readonly Predicate[], sort: RunQuery['sort']): Path => {
  const column: SortColumn = sortColumnOf(sort)
  const driver = others.find(
    (each) => isOrdered(each, column) && (each.kind === 'metadata' || each.values.length === 1),
  )
  return { driver: driver ?? null, tests: others.filter((each) => each !== driver), sort }
}

/** The predicate whose index finds the fewest entries, if they are fewer than `most`. */
const fewestEntries = (pool: StatementPool, predicates: readonly Predicate[], most: number): Predicate | null => {
  let best: Predicate | null = null
  let least = most
  for (const predicate of predicates) {
    const entries = pool.first<[number]>(entriesUpTo(predicate, least))?.[0] ?? 0
    if (entries >= least) continue
    best = predicate
    least = entries
  }
  return best
}

/** The rows of several paths in the order that they have in common. */
const merged = (pool: StatementPool, paths: readonly Path[], stretch: Stretch, limit: number): Iterable<Row> => {
  const [first] = paths
  if (first !== undefined && paths.length === 1) return pool.all<Row>(runsOn(first, stretch, limit))
  return mergedSorted(
    paths.map((path) => pool.iterate<Row>(runsOn(path, stretch, limit))),
    first !== undefined && isDescending(first.sort) ? isAfter : isBefore,
  )
}

/** Takes from each of `cursors`, which have the order of `before`, no more than what is asked for. */
function* mergedSorted(
  cursors: readonly Generator<Row, void>[],
  before: (a: Row, b: Row) => boolean,
): Generator<Row, void> {
  try {
    const heads = cursors.map((cursor) => cursor.next())
    for (;;) {
      let next = -1
      let best: Row | undefined
      for (const [i, head] of heads.entries()) {
        if (head.done || (best !== undefined && !before(head.value, best))) continue
        next = i
        best = head.value
      }
      if (best === undefined) return
      yield best
      heads[next] = (cursors[next] as Generator<Row, void>).next()
    }
  } finally {
    for (const cursor of cursors) cursor.return()
  }
}

// SQLite compares by bytes; sort values and ids are ASCII, where that is the order of JavaScript's strings too.
const isBefore = (a: Row, b: Row): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
const isAfter = (a: Row, b: Row): boolean => isBefore(b, a)

/** At most `limit` rows and a page's text; that there was one more says that the list goes on. */
const takePage = (pool: StatementPool, rows: Iterable<Row>, limit: number): Page => {
  const runs: StoredRun[] = []
  let characters = 0
  let last: Row | null = null
  for (const row of rows) {
    if (runs.length >= limit || characters >= MAX_PAGE_CHARACTERS) return { runs, next: last && keyOf(last) }
    const run = row[2] === null ? bigRun(pool, row[1]) : storedRun(row[1], row[2], row[3], row[4])
    runs.push(run)
    characters += run.text.length
    last = row
  }
  return { runs, next: null }
}

const keyOf = (row: Row): SortKey => ({ value: row[0], run_id: row[1] })

const bigRun = (pool: StatementPool, run_id: string): StoredRun => {
  const values = pool.first<StoredRunValues>({ ...ONE_RUN, parameters: [run_id] })
  if (values === undefined) throw new Error('a run went away inside a read transaction')
  return storedRun(...values)
}

/** All that the driver finds is few: their keys are sorted, and only a page's runs are read. */
const gathered = (pool: StatementPool, path: Path, stretch: Stretch, limit: number): Page => {
  const keys = pool.all<[string, string]>(keysFoundBy(path, stretch, limit + 1))
  return takePage(
    pool,
    keys.map(([value, run_id]): Row => [value, run_id, null, 0, null]),
    limit,
  )
}

/**
 * Walks along an index, a stretch of entries at a time, and keeps the runs that pass the tests. When the budget is
 * spent, the page is short and the next goes on where the walk has got to; null where nothing is found by then and a
 * larger budget might find more.
 */
const walked = (
  pool: StatementPool,
  path: Path,
  { limit }: RunQuery,
  stretch: Stretch,
  budget: QueryBudget,
): Page | null => {
  const deadline = performance.now() + budget.ms
  const runs: StoredRun[] = []
  let characters = 0
  let { after } = stretch
  for (let stretches = 1; ; stretches += 1) {
    const end = pool.first<[string, string]>(keyAfter(path, { ...stretch, after }, budget.entries))
    const until = end === undefined ? undefined : { value: end[0], run_id: end[1] }
    const missing = limit - runs.length
    const page = takePage(pool, pool.all<Row>(runsOn(path, { ...stretch, after, until }, missing + 1)), missing)
    runs.push(...page.runs)
    for (const { text } of page.runs) characters += text.length
    if (page.next !== null) return { runs, next: page.next }
    if (until === undefined) return { runs, next: null }
    if (runs.length >= limit || characters >= MAX_PAGE_CHARACTERS) return { runs, next: until }
    if (stretches >= budget.stretches) return null
    if (performance.now() >= deadline) return { runs, next: until }
    after = until
  }
}

const countRuns = (pool: StatementPool, query: RunQuery, budget: QueryBudget): number | null => {
  const predicates = predicatesOf(query)
  const fewest = fewestEntries(pool, predicates, budget.entries)
  if (fewest === null && !budget.countAll) return null
  const driver = fewest ?? predicates.find((each) => each.kind === 'metadata') ?? predicates[0] ?? null
  const tests = predicates.filter((each) => each !== driver)
  return pool.first<[number]>(countOf(driver, tests))?.[0] ?? 0
}
