/** Conditions and orders of lists as SQL that every dialect takes, written with kysely's `sql` tag. */
import { type RawBuilder, sql } from 'kysely'
import type { Key, KeyRange } from '../queries/keyset-pagination.ts'
import type { Bounds } from '../queries/run-predicates.ts'

export type Sql = RawBuilder<unknown>

/** All conditions, or `true` where there are none. */
export const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)

/** Any of the conditions; there is one at least. */
export const anyOfThese = (conditions: readonly Sql[]): Sql => sql`(${sql.join(conditions, sql` or `)})`

/** Whether `column` is any of `values`. */
export const anyOf = (column: Sql, values: readonly (string | number)[]): Sql => sql`${column} in (${sql.join(values)})`

export const within = (column: Sql, { from, before }: Bounds): Sql => {
  if (from === undefined) return before === undefined ? sql`true` : sql`${column} < ${before}`
  return before === undefined ? sql`${column} >= ${from}` : sql`${column} >= ${from} and ${column} < ${before}`
}

/** The columns of a list's order, in the table that leads the query. */
export type OrderColumns = Readonly<{ value: Sql; tie: Sql; descending: boolean }>

export const orderBy = ({ value, tie, descending }: OrderColumns): Sql => {
  const direction = directionOf(descending)
  return sql`order by ${value} ${direction}, ${tie} ${direction}`
}

export const directionOf = (descending: boolean): Sql => (descending ? DESCENDING : ASCENDING)
const DESCENDING = sql.raw('desc')
const ASCENDING = sql.raw('asc')

/**
 * A range of keys inside `bounds`, as at most one condition a side. A key inside the bounds is the tighter one, so that the
 * index is entered where the page begins and not where the bounds do.
 */
export const rangeConditions = (
  columns: OrderColumns,
  { after, until }: KeyRange,
  bounds: Bounds | undefined,
): readonly Sql[] => {
  const { value, descending } = columns
  const [low, high] = descending ? [until, after] : [after, until]
  const conditions: Sql[] = []
  if (low !== undefined) conditions.push(compared(columns, descending ? '>=' : '>', low))
  else if (bounds?.from !== undefined) conditions.push(sql`${value} >= ${bounds.from}`)
  if (high !== undefined) conditions.push(compared(columns, descending ? '<' : '<=', high))
  else if (bounds?.before !== undefined) conditions.push(sql`${value} < ${bounds.before}`)
  return conditions
}

const compared = ({ value, tie }: OrderColumns, operator: '<' | '<=' | '>' | '>=', key: Key): Sql =>
  sql`(${value}, ${tie}) ${sql.raw(operator)} (${key.value}, ${key.tie})`

/** A row's text is left out beyond its share of this: all of a query's rows are in memory at once. */
export const MAX_TEXT_BYTES = 4 * 1024 * 1024
