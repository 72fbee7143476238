/** The audit trail: pages of Entries of one run, or of all. */
import type { DatabaseSync } from 'node:sqlite'
import { positionText } from '../../event-store/event-store.ts'
import {
  type EntryDriver,
  type EntryPredicate,
  type EntrySortColumn,
  entryPredicatesOf,
} from '../queries/entry-predicates.ts'
import { type Key, type ListPlan, pageOf, type QueryBudget, type Row } from '../queries/keyset-pagination.ts'
import { numberOf } from '../queries/positions.ts'
import type { EntryKey, EntryPage, EntryQuery, StoredEntry } from '../read-model.ts'
import {
  driverEntriesUpTo,
  type EntryPath,
  entriesOn,
  entryKeysAfter,
  entryKeysFoundBy,
  ONE_ENTRY,
} from './entry-statements.ts'
import { damage } from './read-failure.ts'
import { createStatementPool, type StatementPool } from './statement-pool.ts'

/** A page of the query, in the caller's transaction; null where that takes more than `budget`. */
export type EntryLister = (query: EntryQuery, budget: QueryBudget) => Omit<EntryPage, 'position'> | null

export const createEntryLister = (db: DatabaseSync): EntryLister => {
  const pool = createStatementPool(db)
  return (query, budget) => {
    const page = pageOf(pool, planOf(query), budget)
    return page && { entries: page.items, next: page.next && entryKey(page.next) }
  }
}

const planOf = (query: EntryQuery): ListPlan<EntryPath, StoredEntry> => {
  const column: EntrySortColumn = query.sort.endsWith('position') ? 'position' : 'occurred_at'
  const descending = query.sort.startsWith('-')
  const predicates = entryPredicatesOf(query)
  const range = predicates.find((each) => each.kind === 'range' && each.column === column)
  const others = predicates.filter((each) => each !== range)
  const inRange = <Stretch>(stretch: Stretch) => ({ ...stretch, range: range?.kind === 'range' ? range : undefined })
  const path = (driver: EntryDriver | null, tests: readonly EntryPredicate[]): EntryPath => ({
    driver,
    tests,
    column,
    descending,
  })
  return {
    limit: query.limit,
    after: query.after && keyOf(query.after, column),
    descending,
    exact: exactDrivers(others, column)?.map((driver) => path(driver, [])) ?? null,
    few: () =>
      others.flatMap((each) => {
        const driver = driverOf(each, predicates)
        if (driver === null) return []
        const tests = predicates.filter((other) => other !== each)
        return [{ entriesUpTo: (most: number) => driverEntriesUpTo(driver, most), path: path(driver, tests) }]
      }),
    walk: () => {
      const ordered = others.find((each): each is OneByOne => isOrdered(each, column) && each.values.length === 1)
      return path(
        ordered ?? null,
        others.filter((each) => each !== ordered),
      )
    },
    rowsOn: (along, stretch, most) => entriesOn(along, inRange(stretch), most),
    keysAfter: (along, stretch, entries, most) => entryKeysAfter(along, inRange(stretch), entries, most),
    keysFoundBy: (along, stretch, most) => entryKeysFoundBy(along, inRange(stretch), most),
    read: readEntry,
    charactersOf: ({ text }) => text.length,
  }
}

type OneByOne = Extract<EntryDriver, { values: readonly string[] }>

/** Whether an index holds the entries of one of the predicate's values in the order of `column`. */
const isOrdered = (predicate: EntryPredicate, column: EntrySortColumn): predicate is OneByOne =>
  predicate.kind === 'actor' || (column === 'position' && (predicate.kind === 'run' || predicate.kind === 'id'))

/** No filter, or one whose index has the order: a driver a value, as all of them together have not. */
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

/** Of a key, and of a row that left out a big text, the entry is read by itself. */
const readEntry = (pool: StatementPool, [, position, type, text]: Row): StoredEntry => {
  if (typeof text === 'string') return { position: positionText(Number(position)), type: String(type), text }
  const found = pool.first<[string, string]>(ONE_ENTRY, [position])
  if (found === undefined) throw damage(`the entry at ${position} has no text`)
  return { position: positionText(Number(position)), type: found[0], text: found[1] }
}
