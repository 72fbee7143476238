/** Lists of runs, as they are or as they stood: the access paths of each query, its pages and counts. */
import { type Time, timeOf } from '../../run/time.ts'
import type { Search } from '../../search/syntax.ts'
import type { RunMoment, RunPage, RunQuery, SortKey, StoredRun } from '../read-model.ts'
import {
  type Key,
  type ListPlan,
  type ListStatements,
  mostSelective,
  numberIn,
  pageOf,
  type Query,
  type QueryBudget,
} from './keyset-pagination.ts'
import {
  type Bounds,
  isDescending,
  isOfVersion,
  isOrdered,
  isPast,
  isRangeOf,
  type Predicate,
  predicatesOf,
  type Range,
  type SortColumn,
  sortColumnOf,
} from './run-predicates.ts'
import { narrowed } from './search-filters.ts'

/** The runs that the index of `driver` finds, or all in the order of the sort where it is null; `tests` must hold of each. */
export type RunPath = Readonly<{ driver: Predicate | null; tests: readonly Predicate[] }>

export type RunPlan = ListPlan<RunPath> &
  Readonly<{
    column: SortColumn
    /** The range of the sort's values that is asked for; a path's tests leave it out. */
    range: Bounds | undefined
    /** Null for runs as they are now. */
    moment: RunMoment | null
    /** What else must be true of a run; null where nothing. */
    search: Search | null
    /** Paths to all that match, in any order, whose tests say everything. */
    counting: readonly RunPath[]
    /** The one to count along where none finds little. */
    countingAll: RunPath
  }>

export type RunStatements<Statement> = ListStatements<RunPath, Statement, StoredRun> &
  Readonly<{
    /** How many runs the path finds that pass its tests. */
    countOf: (path: RunPath) => Statement
  }>

/** A page of the plan, with its count where asked for; null where that takes more than `budget`. */
export function* listRuns<Statement>(
  plan: RunPlan,
  statements: RunStatements<Statement>,
  wantsCount: boolean,
  budget: QueryBudget,
): Query<Statement, Omit<RunPage, 'position'> | null> {
  const page = yield* pageOf(plan, statements, budget)
  if (page === null) return null
  const found = { runs: page.items, next: page.next && sortKey(page.next) }
  if (!wantsCount) return found
  const path = yield* mostSelective(statements, plan.counting, budget.entries)
  if (path === null && !budget.countAll) return null
  return { ...found, count: numberIn(yield statements.countOf(path ?? plan.countingAll)) }
}

export const sortKey = ({ value, tie }: Key): SortKey => ({ value: String(value), run_id: String(tie) })

export const runPlanOf = (asked: RunQuery): RunPlan => {
  const query = asked.q === undefined ? asked : narrowed(asked, asked.q)
  const { sort, after, limit } = query
  const column = sortColumnOf(sort)
  const moment = isPast(query) ? query : null
  const predicates = moment === null ? predicatesOf(query) : predicatesThen(query)
  const others = predicates.filter((each) => !isRangeOf(each, column))
  // In the past no index knows what only a version has.
  const drivers = predicates.filter((each) => moment === null || !isOfVersion(each))
  const pathBy = (driver: Predicate | null): RunPath => ({ driver, tests: others.filter((each) => each !== driver) })
  const countingBy = (driver: Predicate | null) => ({ driver, tests: predicates.filter((each) => each !== driver) })
  const ordered = drivers.find((each) => isOrdered(each, column) && hasOneValue(each))
  return {
    limit,
    after: after && { value: after.value, tie: after.run_id },
    descending: isDescending(sort),
    column,
    range: rangeIn(predicates, column, query),
    moment,
    search: query.q ?? null,
    exact: exactPaths(others, column, moment),
    selective: drivers.filter((each) => !isRangeOf(each, column)).map(pathBy),
    scan: pathBy(ordered ?? null),
    counting: drivers.map(countingBy),
    countingAll: countingBy(drivers.find(({ kind }) => kind === 'metadata') ?? drivers[0] ?? null),
  }
}

/** In a past moment a run stood only from its creation on. */
const predicatesThen = (query: RunQuery): readonly Predicate[] => {
  const asked = predicatesOf(query)
  const created = asked.find((each) => isRangeOf(each, 'created_at'))
  const until: Range = { kind: 'range', column: 'created_at', ...created, ...upTo(latestCreation(query), created) }
  return [...asked.filter((each) => each !== created), until]
}

const rangeIn = (predicates: readonly Predicate[], column: SortColumn, { as_of }: RunMoment): Bounds | undefined => {
  const range = predicates.find((each): each is Range => isRangeOf(each, column))
  return as_of === undefined ? range : { ...range, ...upTo(as_of, range) }
}

/** No run that stood then was created later, by either moment. */
const latestCreation = ({ as_of = LAST_TIME, known_at = LAST_TIME }: RunMoment): Time => {
  const known = timeOf(Math.min(Date.parse(known_at) + MOST_AHEAD_MS, Date.parse(LAST_TIME)))
  return as_of < known ? as_of : known
}

// A run is created at most 5 minutes ahead of the ledger's clock; the rest is for a store whose clock is another.
const MOST_AHEAD_MS = 24 * 3_600_000
const LAST_TIME = '9999-12-31T23:59:59.999Z'

// A time always has the same length, so a longer text is after it and before the next time.
const upTo = (time: Time, range: Bounds | undefined): Readonly<{ before: string }> => {
  const before = `${time} `
  return { before: typeof range?.before === 'string' && range.before < before ? range.before : before }
}

/** No filter, or one whose index has the order: a path a value, since all of them together do not have it. */
const exactPaths = (
  others: readonly Predicate[],
  column: SortColumn,
  moment: RunMoment | null,
): readonly RunPath[] | null => {
  // What was created by `as_of` stood then; all else only a version has.
  if (moment !== null && (column !== 'created_at' || moment.known_at !== undefined)) return null
  const [only] = others
  if (only === undefined) return [{ driver: null, tests: [] }]
  if (others.length > 1 || !isOrdered(only, column) || (moment !== null && isOfVersion(only))) return null
  return only.kind === 'metadata'
    ? [{ driver: only, tests: [] }]
    : only.values.map((value) => ({ driver: { ...only, values: [value] }, tests: [] }))
}

const hasOneValue = (predicate: Predicate): boolean =>
  predicate.kind === 'metadata' || (predicate.kind === 'equality' && predicate.values.length === 1)
