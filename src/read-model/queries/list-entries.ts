/** Lists of Entries, of one run or of all: the access paths of each query, and its pages. */
import { positionText } from '../../event-store/event-store.ts'
import type { EntryKey, EntryPage, EntryQuery, StoredEntry, TrailPage } from '../read-model.ts'
import {
  type EntryDriver,
  type EntryPredicate,
  type EntrySortColumn,
  entryPredicatesOf,
  readsText,
} from './entry-predicates.ts'
import {
  exactPage,
  type Key,
  type ListPlan,
  type ListStatements,
  pageOf,
  type Query,
  type QueryBudget,
} from './keyset-pagination.ts'
import { numberOf } from './positions.ts'
import { type Bounds, isDescending } from './run-predicates.ts'

/** The entries that `driver` finds, or all in the order of the sort where it is null; `tests` must hold of each. */
export type EntryPath = Readonly<{ driver: EntryDriver | null; tests: readonly EntryPredicate[] }>

export type EntryPlan = ListPlan<EntryPath> &
  Readonly<{
    column: EntrySortColumn
    /** The range of the sort's values that is asked for; a path's tests leave it out. */
    range: Bounds | undefined
    /** Whether the texts of candidates have to be read. */
    readsTexts: boolean
  }>

/** A page of the plan; null where that takes more than `budget`. */
export function* listEntries<Statement>(
  plan: EntryPlan,
  statements: ListStatements<EntryPath, Statement, StoredEntry>,
  budget: QueryBudget,
): Query<Statement, Omit<EntryPage, 'position'> | null> {
  if (plan.readsTexts && budget.search === null) return null
  const page = yield* pageOf(plan, statements, budget)
  return page && { entries: page.items, next: page.next && entryKey(page.next) }
}

/** A page of one run's Entries, oldest first. */
export function* listTrail<Statement>(
  statementsOf: (plan: EntryPlan) => ListStatements<EntryPath, Statement, StoredEntry>,
  run_id: string,
  { after, limit }: Pick<EntryQuery, 'after' | 'limit'>,
): Query<Statement, Omit<TrailPage, 'position'>> {
  const plan = entryPlanOf({ run_id: [run_id], sort: 'position', limit, after })
  const path: EntryPath = { driver: { kind: 'run', values: [run_id] }, tests: [] }
  const { items, next } = yield* exactPage(plan, statementsOf(plan), [path])
  return { text: items.map(({ text }) => text).join(','), next: next && entryKey(next) }
}

export const entryPlanOf = (query: EntryQuery): EntryPlan => {
  const column: EntrySortColumn = query.sort.endsWith('position') ? 'position' : 'occurred_at'
  const predicates = entryPredicatesOf(query)
  const range = predicates.find((each) => each.kind === 'range' && each.column === column)
  const others = predicates.filter((each) => each !== range)
  const pathBy = (driver: EntryDriver | null, found: EntryPredicate | null): EntryPath => ({
    driver,
    tests: others.filter((each) => each !== found),
  })
  const ordered = others.find((each): each is OfValues => isOrdered(each, column) && each.values.length === 1)
  return {
    limit: query.limit,
    after: query.after && keyOf(query.after, column),
    descending: isDescending(query.sort),
    column,
    range: range?.kind === 'range' ? range : undefined,
    readsTexts: others.some(readsText),
    exact: exactDrivers(others, column)?.map((driver) => ({ driver, tests: [] })) ?? null,
    selective: others.flatMap((each) => {
      const driver = driverOf(each, predicates)
      return driver === null ? [] : [pathBy(driver, each)]
    }),
    scan: pathBy(ordered ?? null, ordered ?? null),
  }
}

type OfValues = Extract<EntryDriver, { values: readonly string[] }>

/** Whether an index holds the entries of one of the predicate's values in the order of `column`. */
const isOrdered = (predicate: EntryPredicate, column: EntrySortColumn): predicate is OfValues =>
  predicate.kind === 'actor' || (column === 'position' && ['run', 'id', 'result'].includes(predicate.kind))

/** No filter, or one whose index has the order: a driver a value, since all of them together do not have it. */
const exactDrivers = (
  others: readonly EntryPredicate[],
  column: EntrySortColumn,
): readonly (EntryDriver | null)[] | null => {
  const [only] = others
  if (only === undefined) return [null]
  if (others.length > 1 || !isOrdered(only, column)) return null
  return only.values.map((value) => ({ ...only, values: [value] }))
}

/** What could find few entries. An index holds actor and time together. */
const driverOf = (predicate: EntryPredicate, all: readonly EntryPredicate[]): EntryDriver | null => {
  switch (predicate.kind) {
    case 'type':
    case 'status':
    case 'path':
    case 'reason':
      return null
    case 'range':
      return predicate.column === 'occurred_at' ? predicate : null
    case 'actor': {
      const occurred = all.find((each) => each.kind === 'range' && each.column === 'occurred_at')
      return occurred?.kind === 'range' ? { ...predicate, occurred } : predicate
    }
    default:
      return predicate
  }
}

const keyOf = ({ value, position }: EntryKey, column: EntrySortColumn): Key => {
  const tie = numberOf(position)
  return { value: column === 'position' ? tie : value, tie }
}

const entryKey = ({ value, tie }: Key): EntryKey => {
  const position = positionText(Number(tie))
  return { value: typeof value === 'number' ? position : value, position }
}
