/** The SQL of the audit trail. */

import sql, { raw, type Sql } from 'sql-template-tag'
import {
  drivingEntries,
  drivingTables,
  type EntryDriver,
  type EntryPredicate,
  type EntrySortColumn,
  entryTables,
  hasId,
  testingEntries,
} from '../queries/entry-predicates.ts'
import { type Condition, type OrderColumns, type Stretch, stretchConditions } from '../queries/run-predicates.ts'
import { allOf, MAX_TEXT_BYTES, orderBy } from './run-statements.ts'

/** One way through an index: the entries that `driver` finds, or all, in the order of the sort; `tests` must hold of each. */
export type EntryPath = Readonly<{
  driver: EntryDriver | null
  tests: readonly EntryPredicate[]
  column: EntrySortColumn
  descending: boolean
}>

/** Key, type and text of the first `limit` entries on a path; the text of a big one is null, and to be asked for. */
export const entriesOn = (path: EntryPath, stretch: Stretch, limit: number): Sql => {
  const order = orderOf(path)
  return sql`select ${order.value}, ${order.tie}, entries.type, (select case
      when octet_length(entry) <= ${Math.floor(MAX_TEXT_BYTES / limit)} then entry end
      from entry_texts where entry_texts.position = entries.position) as text
    from ${entryTables(path.driver)}
    where ${allOf([...foundBy(path), ...stretchConditions(order, stretch)])}
    ${inOrder(path, order)} limit 0 + ${limit}`
}

/** Keys of `most` entries from the one `entries` further on a path, whether they pass the tests or not. */
export const entryKeysAfter = (path: EntryPath, stretch: Stretch, entries: number, most: number): Sql => {
  const order = orderOf(path)
  return sql`select ${order.value}, ${order.tie}
    from ${path.column === 'position' ? drivingTables(path.driver) : entryTables(path.driver)}
    where ${allOf([...drivenBy(path), ...stretchConditions(order, stretch)])}
    ${inOrder(path, order)} limit 0 + ${most} offset 0 + ${entries - 1}`
}

/**
 * Keys of the first `limit` entries on a path whose index has another order: all that it finds are sorted. Two ids of a
 * filter may find the same entry.
 */
export const entryKeysFoundBy = (path: EntryPath, stretch: Stretch, limit: number): Sql => {
  // `+`: what is sorted must not tempt the planner to drive by the sort's index
  const order = {
    value: sql`+${raw(`entries.${path.column}`)}`,
    tie: sql`+entries.position`,
    descending: path.descending,
  }
  return sql`select distinct ${raw(`entries.${path.column}`)}, entries.position from ${entryTables(path.driver)}
    where ${allOf([...foundBy(path), ...stretchConditions(order, stretch)])}
    ${orderBy(order)} limit 0 + ${limit}`
}

/** How many entries of its index `driver` finds, counted no further than `most`. */
export const driverEntriesUpTo = (driver: EntryDriver, most: number): Sql =>
  sql`select count(*) from (select 1 from ${drivingTables(driver)}
    where ${drivingEntries(driver)} limit 0 + ${most})`

/** Type and text of the entry at a position. */
export const ONE_ENTRY: Sql = sql`select entries.type, entry_texts.entry from entries
  cross join entry_texts on entry_texts.position = entries.position where entries.position = ${null}`

const drivenBy = ({ driver }: EntryPath): readonly Condition[] => (driver === null ? [] : [drivingEntries(driver)])

const foundBy = (path: EntryPath): readonly Condition[] => [
  ...drivenBy(path),
  ...(path.driver?.kind === 'id' ? [hasId(path.driver)] : []),
  ...path.tests.map(testingEntries),
]

const orderOf = ({ driver, column, descending }: EntryPath): OrderColumns => {
  const position = raw(POSITION_OF[driver?.kind ?? 'range'])
  return { value: column === 'position' ? position : sql`entries.occurred_at`, tie: position, descending }
}

const POSITION_OF = {
  actor: 'entries.position',
  range: 'entries.position',
  // The `+` keeps the planner to the run's own index.
  run: '+entries.position',
  run_with: 'entries.position',
  id: 'entry_ids.position',
} as const

/** Inside a run the order of revisions is that of positions, and has an index. */
const inOrder = ({ driver, column, descending }: EntryPath, order: OrderColumns) => {
  const direction = raw(descending ? 'desc' : 'asc')
  if (column === 'occurred_at') return orderBy(order)
  return driver?.kind === 'run'
    ? sql`order by entries.revision ${direction}`
    : sql`order by ${order.value} ${direction}`
}
