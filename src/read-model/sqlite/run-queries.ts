/** Lists of runs, as they are or as they stood. */
import type { DatabaseSync } from 'node:sqlite'
import {
  fewestEntries,
  type Key,
  type ListPlan,
  pageOf,
  type QueryBudget,
  type Row,
  type Way,
} from '../queries/keyset-pagination.ts'
import {
  isDescending,
  isOrdered,
  type Predicate,
  predicatesOf,
  type Range,
  sortColumnOf,
} from '../queries/run-predicates.ts'
import type { RunPage, RunQuery, SortKey, StoredRun } from '../read-model.ts'
import { isPast, pastPlan } from './past-runs.ts'
import { damage } from './read-failure.ts'
import { type StoredRunValues, storedRun } from './run-columns.ts'
import { countOf, entriesUpTo, keysAfter, keysFoundBy, ONE_RUN, type Path, runsOn } from './run-statements.ts'
import { createStatementPool, type StatementPool } from './statement-pool.ts'

/** A page of the query, in the caller's transaction; null where that takes more than `budget`. */
export type RunLister = (query: RunQuery, budget: QueryBudget) => Omit<RunPage, 'position'> | null

export const createRunLister = (db: DatabaseSync): RunLister => {
  const pool = createStatementPool(db)
  return (query, budget) =>
    isPast(query)
      ? listed(pool, pastPlan(query), query.count, budget)
      : listed(pool, presentPlan(query), query.count, budget)
}

const sortKey = ({ value, tie }: Key): SortKey => ({ value: String(value), run_id: String(tie) })

const listed = <AnyPath>(
  pool: StatementPool,
  plan: RunPlan<AnyPath>,
  wantsCount: boolean,
  budget: QueryBudget,
): Omit<RunPage, 'position'> | null => {
  const page = pageOf(pool, plan, budget)
  if (page === null) return null
  const { items: runs } = page
  const next = page.next && sortKey(page.next)
  if (!wantsCount) return { runs, next }
  const count = countRuns(pool, plan, budget)
  return count === null ? null : { runs, next, count }
}

/** A plan that can count. */
export type RunPlan<AnyPath> = ListPlan<AnyPath, StoredRun> &
  Readonly<{
    /** Paths to all that match, in any order. */
    ways: () => readonly Way<AnyPath>[]
    /** Counts all that match, by way of a path that finds few or, where it is null, of any. */
    countOf: (path: AnyPath | null) => ReturnType<typeof countOf>
  }>

const presentPlan = (query: RunQuery): RunPlan<Path> => {
  const { sort, after, limit } = query
  const column = sortColumnOf(sort)
  const predicates = predicatesOf(query)
  const range = predicates.find((each): each is Range => each.kind === 'range' && each.column === column)
  const others = predicates.filter((each) => each !== range)
  const inRange = <Stretch>(stretch: Stretch) => ({ ...stretch, range })
  const ways = () =>
    predicates.map((driver) => ({
      entriesUpTo: (most: number) => entriesUpTo(driver, most),
      path: pathBy(driver, predicates, sort),
    }))
  return {
    limit,
    after: after && { value: after.value, tie: after.run_id },
    descending: isDescending(sort),
    exact: exactPaths(others, sort),
    few: () => ways().filter(({ path }) => path.driver !== range),
    walk: () => walkingPath(others, sort),
    rowsOn: (path, stretch, most) => runsOn(path, inRange(stretch), most),
    keysAfter: (path, stretch, entries, most) => keysAfter(path, inRange(stretch), entries, most),
    keysFoundBy: (path, stretch, most) => keysFoundBy(path, inRange(stretch), most),
    read: readRun,
    charactersOf: ({ text }) => text.length,
    ways,
    countOf: (path) => {
      const driver = path?.driver ?? predicates.find((each) => each.kind === 'metadata') ?? predicates[0] ?? null
      return countOf(
        driver,
        predicates.filter((each) => each !== driver),
      )
    },
  }
}

/** No filter, or one whose index has the order: a path a value, as all of them together have not. */
const exactPaths = (others: readonly Predicate[], sort: RunQuery['sort']): readonly Path[] | null => {
  const [only] = others
  if (only === undefined) return [{ driver: null, tests: [], sort }]
  if (others.length > 1 || !isOrdered(only, sortColumnOf(sort))) return null
  return only.kind === 'equality'
    ? only.values.map((value) => ({ driver: { ...only, values: [value] }, tests: [], sort }))
    : [{ driver: only, tests: [], sort }]
}

const pathBy = (driver: Predicate, predicates: readonly Predicate[], sort: RunQuery['sort']): Path => ({
  driver,
  tests: predicates.filter((each) => each !== driver),
  sort,
})

/** An index that has the sort's order, best one that leaves out what some filter does not ask for. */
const walkingPath = (others: readonly Predicate[], sort: RunQuery['sort']): Path => {
  const driver = others.find(
    (each) => isOrdered(each, sortColumnOf(sort)) && (each.kind === 'metadata' || each.values.length === 1),
  )
  return { driver: driver ?? null, tests: others.filter((each) => each !== driver), sort }
}

/** Of a key, and of a row that left out a big text, the run is read by itself. */
const readRun = (pool: StatementPool, [, run_id, text, revision, quarantined]: Row): StoredRun => {
  if (typeof text === 'string')
    return storedRun(...([run_id, text, revision, quarantined] as unknown as StoredRunValues))
  const values = pool.first<StoredRunValues>(ONE_RUN, [run_id])
  if (values === undefined) throw damage(`the run ${run_id} has no row`)
  return storedRun(...values)
}

const countRuns = <AnyPath>(pool: StatementPool, plan: RunPlan<AnyPath>, budget: QueryBudget): number | null => {
  const fewest = fewestEntries(pool, plan.ways(), budget.entries)
  if (fewest === null && !budget.countAll) return null
  return pool.first<[number]>(plan.countOf(fewest?.path ?? null))?.[0] ?? 0
}
