/** Filters of runs as SQL: on the index that leads a query, or on the rows that it finds. */
import { sql } from 'kysely'
import { indexable } from '../../../../projections/metadata-values.ts'
import type { Predicate } from '../../queries/run-predicates.ts'
import { allOf, anyOf, type Sql, within } from '../../sql/conditions.ts'

/** For the index that leads the query. */
export const driving = (predicate: Predicate): Sql => {
  switch (predicate.kind) {
    case 'equality':
      return anyOf(sql.raw(`runs.${predicate.column}`), predicate.values)
    case 'metadata':
      return sql`metadata_values.key = ${indexable(predicate.key)} and metadata_values.value = ${indexable(predicate.value)}`
    case 'range':
      return within(sql.raw(`runs.${predicate.column}`), predicate)
    default:
      return predicate satisfies never
  }
}

/** For rows that another index finds: the `+` keeps the planner from leading by this one. */
export const testing = (predicate: Predicate): Sql => {
  switch (predicate.kind) {
    case 'equality':
      return anyOf(sql.raw(`+runs.${predicate.column}`), predicate.values)
    case 'metadata':
      return sql`exists (select 1 from metadata_values as held where held.key = ${indexable(predicate.key)}
        and held.value = ${indexable(predicate.value)} and held.created_at = runs.created_at and held.run_id = runs.run_id)`
    case 'range':
      return within(sql.raw(`+runs.${predicate.column}`), predicate)
    default:
      return predicate satisfies never
  }
}

/** `runs`, by way of the index that `driver` needs. */
export const drivenRuns = (driver: Predicate | null): Sql => (driver?.kind === 'metadata' ? BY_METADATA : RUNS)

const RUNS = sql.raw('runs')
const BY_METADATA = sql.raw('metadata_values cross join runs on runs.run_id = metadata_values.run_id')

/** The table whose index `driver` needs, and where it finds entries of it. */
export const drivingTable = (driver: Predicate | null): string =>
  driver?.kind === 'metadata' ? 'metadata_values' : 'runs'

/** How many entries of its index `driver` finds, counted no further than `most`; all runs where it is null. */
export const entriesUpTo = (driver: Predicate | null, most: number): Sql =>
  sql`select count(*) from (select 1 from ${sql.raw(drivingTable(driver))}
    where ${allOf(driver === null ? [] : [driving(driver)])} limit 0 + ${most})`
