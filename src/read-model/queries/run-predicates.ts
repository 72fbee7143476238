/** The filters of a list of runs, as conditions: on the index that a query is driven by, or on the rows that it finds. */

import sql, { join, raw, type Sql } from 'sql-template-tag'
import { indexable } from '../../../projections/metadata-values.ts'
import type { RunQuery, RunSort } from '../read-model.ts'
import type { Key } from './keyset-pagination.ts'

export type SortColumn = 'created_at' | 'last_updated_at'

/** Any of `values`. */
export type Equality = Readonly<{ kind: 'equality'; column: EqualityColumn; values: readonly string[] }>
/** `from` ≤ column < `before`. */
export type Range = Readonly<{ kind: 'range'; column: SortColumn; from?: string; before?: string }>
export type MetadataValue = Readonly<{ kind: 'metadata'; key: string; value: string }>

export type Predicate = Equality | Range | MetadataValue
type EqualityColumn = 'status' | 'result' | 'run_group_id' | 'policy_version_id'

export type Condition = Sql

/** What each of the query's filters asks for; all must hold. */
export const predicatesOf = (query: RunQuery): readonly Predicate[] => {
  const predicates: Predicate[] = []
  for (const column of ['status', 'result', 'run_group_id', 'policy_version_id'] as const) {
    const values = query[column]
    if (values !== undefined) predicates.push({ kind: 'equality', column, values: [...new Set(values)] })
  }
  predicates.push(...rangeOf('created_at', query.created_after, query.created_before))
  predicates.push(...rangeOf('last_updated_at', query.updated_after, query.updated_before))
  for (const [key, value] of query.metadata ?? [])
    predicates.push({ kind: 'metadata', key: indexable(key), value: indexable(value) })
  return predicates
}

const rangeOf = (column: SortColumn, from: string | undefined, before: string | undefined): readonly Range[] =>
  from === undefined && before === undefined
    ? []
    : [
        {
          kind: 'range',
          column,
          ...(from === undefined ? undefined : { from }),
          ...(before === undefined ? undefined : { before }),
        },
      ]

/** Whether an index holds the runs of one of the predicate's values in the order of `sort`. */
export const isOrdered = (predicate: Predicate, sort: SortColumn): predicate is Equality | MetadataValue =>
  predicate.kind === 'equality'
    ? sort === 'created_at' || predicate.column === 'status'
    : predicate.kind === 'metadata' && sort === 'created_at'

/** For the index that drives the query. */
export const driving = (predicate: Predicate): Condition => {
  switch (predicate.kind) {
    case 'equality':
      return sql`${raw(`runs.${predicate.column}`)} in (${join(predicate.values)})`
    case 'metadata':
      return sql`metadata_values.key = ${predicate.key} and metadata_values.value = ${predicate.value}`
    case 'range':
      return within(raw(`runs.${predicate.column}`), predicate)
    default:
      return predicate satisfies never
  }
}

/** For rows that another index finds: the `+` keeps the planner from driving by this one. */
export const testing = (predicate: Predicate): Condition => {
  switch (predicate.kind) {
    case 'equality':
      return sql`+${raw(`runs.${predicate.column}`)} in (${join(predicate.values)})`
    case 'metadata':
      return sql`exists (select 1 from metadata_values as held where held.key = ${predicate.key}
        and held.value = ${predicate.value} and held.created_at = runs.created_at and held.run_id = runs.run_id)`
    case 'range':
      return within(sql`+${raw(`runs.${predicate.column}`)}`, predicate)
    default:
      return predicate satisfies never
  }
}

export const within = (column: Sql, { from, before }: Bounds): Condition => {
  if (from === undefined) return before === undefined ? sql`true` : sql`${column} < ${before}`
  return before === undefined ? sql`${column} >= ${from}` : sql`${column} >= ${from} and ${column} < ${before}`
}

export const sortColumnOf = (sort: RunSort): SortColumn =>
  sort.endsWith('created_at') ? 'created_at' : 'last_updated_at'

export const isDescending = (sort: RunSort): boolean => sort.startsWith('-')

/** A stretch of the sort's order: after `after`, up to and with `until`, inside the range asked for. */
export type Stretch = Readonly<{ after?: Key | undefined; until?: Key | undefined; range?: Bounds | undefined }>

/** `from` ≤ the sort's value < `before`. */
export type Bounds = Readonly<{ from?: string | number; before?: string | number }>

/** The columns of the sort's order, in the table that the query is driven by. */
export type OrderColumns = Readonly<{ value: Sql; tie: Sql; descending: boolean }>

/**
 * The stretch as at most one bound a side. A key inside the range is the tighter bound, so that the index is entered
 * where the page begins and not where the range does.
 */
export const stretchConditions = (columns: OrderColumns, { after, until, range }: Stretch): readonly Condition[] => {
  const { value, descending } = columns
  const conditions: Condition[] = []
  const [low, high] = descending ? [until, after] : [after, until]
  if (low !== undefined) conditions.push(compared(columns, descending ? '>=' : '>', low))
  else if (range?.from !== undefined) conditions.push(sql`${value} >= ${range.from}`)
  if (high !== undefined) conditions.push(compared(columns, descending ? '<' : '<=', high))
  else if (range?.before !== undefined) conditions.push(sql`${value} < ${range.before}`)
  return conditions
}

const compared = ({ value, tie }: OrderColumns, operator: '<' | '<=' | '>' | '>=', key: Key): Condition =>
  sql`(${value}, ${tie}) ${raw(operator)} (${key.value}, ${key.tie})`
