/** Filters of runs as SQL: on the index that leads a query, or on the rows that it finds. */
import { sql } from 'kysely'
import { indexable } from '../../../../projections/metadata-values.ts'
import type { Predicate } from '../../queries/run-predicates.ts'
import { allOf, anyOf, type Sql, within } from '../../sql/conditions.ts'
import { LOOKED_UP, type Tables } from './statements.ts'

/** For the index that leads the query. */
export const driving = (predicate: Predicate): Sql =>
  predicate.kind === 'metadata' ? hasValue('metadata_values', predicate) : ofRun(predicate)

/** For rows that another index finds. */
export const testing = (tables: Tables, predicate: Predicate): Sql =>
  predicate.kind === 'metadata'
    ? sql`exists (select 1 from ${tables.metadata_values} as held where ${hasValue('held', predicate)}
        and held.created_at = runs.created_at and held.run_id = runs.run_id ${LOOKED_UP})`
    : ofRun(predicate)

type OfRun = Exclude<Predicate, { kind: 'metadata' }>

const ofRun = (predicate: OfRun): Sql => {
  const column = sql.raw(`runs.${predicate.column}`)
  return predicate.kind === 'equality' ? anyOf(column, predicate.values) : within(column, predicate)
}

const hasValue = (table: string, { key, value }: Extract<Predicate, { kind: 'metadata' }>): Sql =>
  sql`${sql.raw(table)}.key = ${indexable(key)} and ${sql.raw(table)}.value = ${indexable(value)}`

/** `runs`, by way of the index that `driver` needs. */
export const drivenRuns = ({ runs, metadata_values }: Tables, driver: Predicate | null): Sql =>
  driver?.kind === 'metadata'
    ? sql`${metadata_values} as metadata_values join ${runs} as runs on runs.run_id = metadata_values.run_id`
    : sql`${runs} as runs`

/** The table whose index `driver` needs, and where it finds entries of it. */
export const drivingTable = (driver: Predicate | null): 'metadata_values' | 'runs' =>
  driver?.kind === 'metadata' ? 'metadata_values' : 'runs'

/** How many entries of its index `driver` finds, counted no further than `most`; all runs where it is null. */
export const entriesUpTo = (tables: Tables, driver: Predicate | null, most: number): Sql => {
  const table = drivingTable(driver)
  return sql`select count(*) from (select 1 from ${tables[table]} as ${sql.raw(table)}
    where ${allOf(driver === null ? [] : [driving(driver)])} limit ${most}) as found`
}
