/** Lists in an order, a page at a time: which index answers, and when it has looked at enough. */
import type { Sql } from 'sql-template-tag'
import type { StatementPool } from '../sqlite/statement-pool.ts'

/** How much work a query may be. */
export type QueryBudget = Readonly<{
  /** A filter that finds fewer index entries than this may be answered by looking at all of them. */
  entries: number
  /** How many stretches of at most that many entries a walk along an index may take; more make the page short. */
  stretches: number
  /** In ms: after that a walk makes its page short. */
  ms: number
  /** Whether what no index counts may be counted. */
  countAll: boolean
}>

/** What the thread that serves requests may do, about a millisecond. */
export const SMALL: QueryBudget = { entries: 1_000, stretches: 1, ms: 50, countAll: false }
/** What a thread that only answers queries may do. */
export const LARGE: QueryBudget = { entries: 20_000, stretches: Number.POSITIVE_INFINITY, ms: 1_000, countAll: true }

type Value = string | number

/** Where in an order something stands: the sort's value, and what tells those of the same value apart. */
export type Key = Readonly<{ value: Value; tie: Value }>

/** After `after`, up to and with `until`. */
export type Stretch = Readonly<{ after?: Key | undefined; until?: Key | undefined }>

/** A row begins with its key. */
export type Row = readonly [value: Value, tie: Value, ...rest: unknown[]]

/**
 * The ways to answer one query. A `Path` is a way through an index: what it finds has passed every test, and with
 * `rowsOn` and `keyAfter` it comes in the order asked for.
 */
export type ListPlan<Path, Item> = Readonly<{
  limit: number
  after: Key | undefined
  descending: boolean
  /** Paths that need no tests and together find all, one a value of a filter; null where there are none. */
  exact: readonly Path[] | null
  /** Paths whose index has another order. One that has the order's own range is of no use here: a walk stays in it, too. */
  few: () => readonly Way<Path>[]
  /** The path whose index has the order. */
  walk: () => Path
  /** The first `limit` rows of a stretch. */
  rowsOn: (path: Path, stretch: Stretch, limit: number) => Sql
  /** The keys of `most` entries, the first of them `entries` further on the path, whether they pass the tests or not. */
  keysAfter: (path: Path, stretch: Stretch, entries: number, most: number) => Sql
  /** The keys of the first `limit` of all that the path finds, sorted. */
  keysFoundBy: (path: Path, stretch: Stretch, limit: number) => Sql
  /** What a row of `rowsOn`, or a key, stands for. */
  read: (pool: StatementPool, row: Row) => Item
  charactersOf: (item: Item) => number
}>

/** How many entries of its index a path has, counted no further than `most`. */
export type Way<Path> = Readonly<{ entriesUpTo: (most: number) => Sql; path: Path }>

export type Page<Item> = Readonly<{
  items: readonly Item[]
  /** Null where nothing follows. */
  next: Key | null
}>

// A page is cut short after so much text, so that much of it does not fill the memory.
export const MAX_PAGE_CHARACTERS = 4 * 1024 * 1024

/** A page of the plan; null where that takes more than `budget`. */
export const pageOf = <Path, Item>(
  pool: StatementPool,
  plan: ListPlan<Path, Item>,
  budget: QueryBudget,
): Page<Item> | null => {
  const { exact, after, limit } = plan
  if (exact !== null) return takePage(pool, plan, merged(pool, plan, exact, { after }, limit + 1), limit)
  const fewest = fewestEntries(pool, plan.few(), budget.entries)
  if (fewest === null) return walked(pool, plan, budget)
  // All that it finds is few: their keys are sorted, and only a page's items are read.
  return takePage(pool, plan, pool.all<Row>(plan.keysFoundBy(fewest.path, { after }, limit + 1)), limit)
}

/** The way that finds the fewest entries, if they are fewer than `most`. */
export const fewestEntries = <Path>(
  pool: StatementPool,
  ways: readonly Way<Path>[],
  most: number,
): Way<Path> | null => {
  let best: Way<Path> | null = null
  let least = most
  for (const way of ways) {
    const entries = pool.first<[number]>(way.entriesUpTo(least))?.[0] ?? 0
    if (entries >= least) continue
    best = way
    least = entries
  }
  return best
}

/** The rows of several paths in the order that they have in common. */
const merged = <Path, Item>(
  pool: StatementPool,
  plan: ListPlan<Path, Item>,
  paths: readonly Path[],
  stretch: Stretch,
  limit: number,
): Iterable<Row> => {
  const [first] = paths
  if (first !== undefined && paths.length === 1) return pool.all<Row>(plan.rowsOn(first, stretch, limit))
  return mergedSorted(
    paths.map((path) => pool.iterate<Row>(plan.rowsOn(path, stretch, limit))),
    plan.descending ? isAfter : isBefore,
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

// SQLite compares by bytes; keys are numbers or ASCII, where that is the order of JavaScript's strings too.
const isBefore = (a: Row, b: Row): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
const isAfter = (a: Row, b: Row): boolean => isBefore(b, a)

/** At most `limit` rows and a page's text; that there was one more says that the list goes on. */
const takePage = <Path, Item>(
  pool: StatementPool,
  plan: ListPlan<Path, Item>,
  rows: Iterable<Row>,
  limit: number,
): Page<Item> => {
  const items: Item[] = []
  let characters = 0
  let last: Row | null = null
  for (const row of rows) {
    if (items.length >= limit || characters >= MAX_PAGE_CHARACTERS) return { items, next: last && keyOf(last) }
    const item = plan.read(pool, row)
    items.push(item)
    characters += plan.charactersOf(item)
    last = row
  }
  return { items, next: null }
}

const keyOf = ([value, tie]: Row): Key => ({ value, tie })

/**
 * Walks along an index, a stretch of entries at a time, and keeps what passes the tests. When the budget is spent, the
 * page is short and the next goes on where the walk has got to; null where nothing is found by then and a larger
 * budget might find more.
 */
const walked = <Path, Item>(
  pool: StatementPool,
  plan: ListPlan<Path, Item>,
  budget: QueryBudget,
): Page<Item> | null => {
  const deadline = performance.now() + budget.ms
  const { limit } = plan
  const path = plan.walk()
  const items: Item[] = []
  let characters = 0
  let { after } = plan
  // Twice as long each time: where a stretch ends is told by going through all of it, and a page may need its beginning only.
  let entries = Math.min(SMALL.entries, budget.entries)
  for (let stretches = 1; ; stretches += 1) {
    const end = pool.first<Row>(plan.keysAfter(path, { after }, entries, 1))
    entries = Math.min(2 * entries, budget.entries)
    const until = end === undefined ? undefined : keyOf(end)
    const missing = limit - items.length
    const page = takePage(pool, plan, pool.all<Row>(plan.rowsOn(path, { after, until }, missing + 1)), missing)
    items.push(...page.items)
    for (const item of page.items) characters += plan.charactersOf(item)
    if (page.next !== null) return { items, next: page.next }
    if (until === undefined) return { items, next: null }
    if (items.length >= limit || characters >= MAX_PAGE_CHARACTERS) return { items, next: until }
    if (stretches >= budget.stretches) return null
    if (performance.now() >= deadline) return { items, next: until }
    after = until
  }
}
