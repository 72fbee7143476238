/** Keyset pagination: a list in an order, a page at a time. Which access path answers, and when it has looked at enough. */

/** How much work a query may be. */
export type QueryBudget = Readonly<{
  /** An access path that finds fewer index entries than this may be answered by sorting all of them. */
  entries: number
  /** How many ranges of at most that many entries a scan along an index may take; after them the page is short. */
  ranges: number
  /** In ms: after that a scan ends its page short. */
  ms: number
  /** Whether what no index counts may be counted. */
  countAll: boolean
  /** How long a search may take for its page and for its count, in ms; null: nothing that reads JSON is work for this thread. */
  search: Readonly<{ pageMs: number; countMs: number }> | null
}>

/** What the thread that serves requests may do, about a millisecond. */
export const SMALL: QueryBudget = { entries: 1_000, ranges: 1, ms: 50, countAll: false, search: null }
/** What a thread that only answers queries may do. */
export const LARGE: QueryBudget = {
  entries: 20_000,
  ranges: Number.POSITIVE_INFINITY,
  ms: 1_000,
  countAll: true,
  search: { pageMs: 500, countMs: 10_000 },
}

/** A row of a list begins with its key. */
export type Row = readonly unknown[]

/**
 * A query as the statements of an adapter: it yields each that it needs and goes on with its rows. The adapter's runner may
 * get them at once or wait for them.
 */
export type Query<Statement, Result> = Generator<Statement, Result, readonly Row[]>

type Value = string | number

/** Where in an order something stands: the sort's value, and what distinguishes rows with the same value. */
export type Key = Readonly<{ value: Value; tie: Value }>

/** After `after`, up to and with `until`. */
export type KeyRange = Readonly<{ after?: Key | undefined; until?: Key | undefined }>

/** The ways to answer one query. A path is a way through an index. */
export type ListPlan<Path> = Readonly<{
  limit: number
  after: Key | undefined
  descending: boolean
  /** Paths in the order of the list that find only what matches and together find all of it; null where there are none. */
  exact: readonly Path[] | null
  /** Paths in other orders: one that finds little is sorted. */
  selective: readonly Path[]
  /** The path in the order of the list to scan where nothing else helps. */
  scan: Path
}>

/** How an adapter reads a list. */
export type ListStatements<Path, Statement, Item> = Readonly<{
  /** The first `limit` rows of a range that pass the path's tests, in the order of the list. */
  rowsOn: (path: Path, range: KeyRange, limit: number) => Statement
  /** The key that is `entries` further on the path, whether it passes the tests or not. */
  keyAfter: (path: Path, range: KeyRange, entries: number) => Statement
  /** The first `limit` keys of everything that the path finds, sorted. */
  keysFoundBy: (path: Path, range: KeyRange, limit: number) => Statement
  /** How many entries of its index the path has, counted no further than `most`. */
  entriesUpTo: (path: Path, most: number) => Statement
  /** The item of a row; null of a key, and of a row that leaves out a large text. */
  itemOf: (row: Row) => Item | null
  /** The item of such a row, read by itself. */
  itemAt: (row: Row) => Query<Statement, Item>
  charactersOf: (item: Item) => number
}>

export type Page<Item> = Readonly<{
  items: readonly Item[]
  /** Null where nothing follows. */
  next: Key | null
}>

// A page is cut short after so much text, so that much of it does not fill the memory.
export const MAX_PAGE_CHARACTERS = 4 * 1024 * 1024

/** A page of the plan; null where that takes more than `budget`. */
export function* pageOf<Path, Statement, Item>(
  plan: ListPlan<Path>,
  statements: ListStatements<Path, Statement, Item>,
  budget: QueryBudget,
): Query<Statement, Page<Item> | null> {
  const { exact, after, limit, selective } = plan
  if (exact !== null) return yield* exactPage(plan, statements, exact)
  const path = yield* mostSelective(statements, selective, budget.entries)
  if (path === null) return yield* scanned(plan, statements, budget)
  // Everything that it finds is little: its keys are sorted, and only a page's items are read.
  return yield* takePage(statements, yield statements.keysFoundBy(path, { after }, limit + 1), limit)
}

/** A page of paths that have the order. It reads the page's rows and no others, so no budget bounds it. */
export function* exactPage<Path, Statement, Item>(
  plan: ListPlan<Path>,
  statements: ListStatements<Path, Statement, Item>,
  paths: readonly Path[],
): Query<Statement, Page<Item>> {
  return yield* takePage(statements, yield* rowsOfAll(plan, statements, paths), plan.limit)
}

/** The path with the fewest entries, if they are fewer than `most`. */
export function* mostSelective<Path, Statement>(
  { entriesUpTo }: Pick<ListStatements<Path, Statement, unknown>, 'entriesUpTo'>,
  paths: readonly Path[],
  most: number,
): Query<Statement, Path | null> {
  let best: Path | null = null
  let least = most
  for (const path of paths) {
    const entries = numberIn(yield entriesUpTo(path, least))
    if (entries >= least) continue
    best = path
    least = entries
  }
  return best
}

/** The number that the only row of a count holds. */
export const numberIn = (rows: readonly Row[]): number => Number(rows[0]?.[0] ?? 0)

/** One more row than a page, of paths that have the order. */
function* rowsOfAll<Path, Statement>(
  plan: ListPlan<Path>,
  statements: Pick<ListStatements<Path, Statement, unknown>, 'rowsOn'>,
  paths: readonly Path[],
): Query<Statement, readonly Row[]> {
  const { after, limit } = plan
  const [first] = paths
  if (first !== undefined && paths.length === 1) return yield statements.rowsOn(first, { after }, limit + 1)
  return yield* merged(plan, statements, paths)
}

type Cursor<Path> = { path: Path; rows: readonly Row[]; next: number; most: number }

/** Merges the rows of several paths. Each is read a part at a time, and no further than the page needs. */
function* merged<Path, Statement>(
  { after, limit, descending }: ListPlan<Path>,
  { rowsOn }: Pick<ListStatements<Path, Statement, unknown>, 'rowsOn'>,
  paths: readonly Path[],
): Query<Statement, readonly Row[]> {
  const precedes = descending ? isAfter : isBefore
  const wanted = limit + 1
  const most = Math.min(wanted, Math.ceil(wanted / paths.length) + 1)
  const cursors: Cursor<Path>[] = []
  for (const path of paths) cursors.push({ path, rows: yield rowsOn(path, { after }, most), next: 0, most })
  const rows: Row[] = []
  while (rows.length < wanted) {
    let best: Cursor<Path> | null = null
    for (const cursor of cursors) {
      const row = cursor.rows[cursor.next]
      if (row !== undefined && (best === null || precedes(row, best.rows[best.next] as Row))) best = cursor
    }
    if (best === null) return rows
    const row = best.rows[best.next] as Row
    rows.push(row)
    best.next += 1
    if (best.next < best.most || rows.length >= wanted) continue
    best.most = Math.min(wanted, best.most * 2)
    best.next = 0
    best.rows = yield rowsOn(best.path, { after: keyOf(row) }, best.most)
  }
  return rows
}

// Databases compare by bytes; keys are numbers or ASCII, where that is the order of JavaScript's strings, too.
const isBefore = (a: Row, b: Row): boolean => {
  const [x, y] = [keyOf(a), keyOf(b)]
  return x.value < y.value || (x.value === y.value && x.tie < y.tie)
}
const isAfter = (a: Row, b: Row): boolean => isBefore(b, a)

/** At most `limit` items and a page's text; one row more says that the list goes on. */
function* takePage<Statement, Item>(
  { itemOf, itemAt, charactersOf }: Pick<ListStatements<never, Statement, Item>, 'itemOf' | 'itemAt' | 'charactersOf'>,
  rows: readonly Row[],
  limit: number,
): Query<Statement, Page<Item>> {
  const items: Item[] = []
  let characters = 0
  for (const [index, row] of rows.entries()) {
    if (items.length >= limit || characters >= MAX_PAGE_CHARACTERS)
      return { items, next: keyOf(rows[index - 1] as Row) }
    const item = itemOf(row) ?? (yield* itemAt(row))
    items.push(item)
    characters += charactersOf(item)
  }
  return { items, next: null }
}

export const keyOf = (row: Row): Key => ({ value: row[0] as Value, tie: row[1] as Value })

/**
 * Scans along an index, a range of entries at a time, and takes what passes the tests. When the budget is spent, the page
 * is short and the next begins where the scan has got to; null where nothing is found by then and a larger budget might
 * find more.
 */
function* scanned<Path, Statement, Item>(
  plan: ListPlan<Path>,
  statements: ListStatements<Path, Statement, Item>,
  budget: QueryBudget,
): Query<Statement, Page<Item> | null> {
  const begin = performance.now()
  const { limit, scan: path } = plan
  const items: Item[] = []
  let characters = 0
  let { after } = plan
  // Twice as long each time: finding where a range ends takes going through all of it, and a page may need its beginning only.
  let entries = Math.min(SMALL.entries, budget.entries)
  for (let ranges = 1; ; ranges += 1) {
    const start = performance.now()
    const [end] = yield statements.keyAfter(path, { after }, entries)
    const until = end === undefined ? undefined : keyOf(end)
    const missing = limit - items.length
    const rows = yield statements.rowsOn(path, { after, until }, missing + 1)
    const page = yield* takePage(statements, rows, missing)
    for (const item of page.items) characters += statements.charactersOf(item)
    items.push(...page.items)
    if (page.next !== null) return { items, next: page.next }
    if (until === undefined) return { items, next: null }
    if (items.length >= limit || characters >= MAX_PAGE_CHARACTERS) return { items, next: until }
    if (ranges >= budget.ranges) return null
    const now = performance.now()
    const left = begin + budget.ms - now
    // The next range must end in time, too, however slow the disk is.
    if (left < now - start) return { items, next: until }
    if (left > 4 * (now - start)) entries = Math.min(2 * entries, budget.entries)
    after = until
  }
}
