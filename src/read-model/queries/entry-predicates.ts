/** The filters of the audit trail, as conditions: on the index that a query is driven by, or on the entries that it finds. */

import sql, { join, raw, type Sql } from 'sql-template-tag'
import { hashOf } from '../../../projections/entry-ids.ts'
import type { EntryQuery } from '../read-model.ts'
import { numberOf } from './positions.ts'
import { type Bounds, type Condition, within } from './run-predicates.ts'

export type EntrySortColumn = 'position' | 'occurred_at'

/** Any of `values`. `occurred`: and in this range, which one index holds together with the actor. */
type Actor = Readonly<{ kind: 'actor'; values: readonly string[]; occurred?: Bounds }>
type Type = Readonly<{ kind: 'type'; values: readonly string[] }>
type OfRun = Readonly<{ kind: 'run'; values: readonly string[] }>
/** What the entry's run has. */
type OfRunWith = Readonly<{ kind: 'run_with'; column: 'policy_version_id' | 'run_group_id'; values: readonly string[] }>
type Id = Readonly<{ kind: 'id'; column: 'command_id' | 'correlation_id'; values: readonly string[] }>
type EntryRange = Readonly<{ kind: 'range'; column: EntrySortColumn | 'recorded_at' }> & Bounds

/** What an index finds. */
export type EntryDriver = Actor | OfRun | OfRunWith | Id | EntryRange
export type EntryPredicate = EntryDriver | Type

/** What each of the query's filters asks for; all must hold. */
export const entryPredicatesOf = (query: EntryQuery): readonly EntryPredicate[] => {
  const { until, occurred_after, occurred_before, recorded_after, recorded_before } = query
  const predicates: EntryPredicate[] = []
  const any = (values: readonly string[] | undefined, predicate: (values: readonly string[]) => EntryPredicate) => {
    if (values !== undefined) predicates.push(predicate([...new Set(values)]))
  }
  any(query.actor, (values) => ({ kind: 'actor', values }))
  any(query.type, (values) => ({ kind: 'type', values }))
  any(query.run_id, (values) => ({ kind: 'run', values }))
  for (const column of ['policy_version_id', 'run_group_id'] as const)
    any(query[column], (values) => ({ kind: 'run_with', column, values }))
  for (const column of ['command_id', 'correlation_id'] as const)
    any(query[column], (values) => ({ kind: 'id', column, values }))
  predicates.push(...rangeOf('occurred_at', occurred_after, occurred_before))
  predicates.push(...rangeOf('recorded_at', recorded_after, recorded_before))
  if (until !== undefined) predicates.push({ kind: 'range', column: 'position', before: numberOf(until) + 1 })
  return predicates
}

// Before any time and after '', which is that of an entry whose time cannot be read.
const FIRST_TIME = '0'

const rangeOf = (
  column: 'occurred_at' | 'recorded_at',
  from: string | undefined,
  before: string | undefined,
): readonly EntryRange[] => {
  if (from === undefined && before === undefined) return []
  return [{ kind: 'range', column, from: from ?? FIRST_TIME, ...(before === undefined ? undefined : { before }) }]
}

/** For the index that drives the query. */
export const drivingEntries = (driver: EntryDriver): Condition => {
  switch (driver.kind) {
    case 'actor': {
      const actor = sql`entries.actor in (${join(driver.values)})`
      return driver.occurred === undefined
        ? actor
        : sql`${actor} and ${within(sql`entries.occurred_at`, driver.occurred)}`
    }
    case 'run':
      return sql`entries.run_id in (${join(driver.values)})`
    case 'run_with':
      return sql`${raw(`runs.${driver.column}`)} in (${join(driver.values)})`
    case 'id':
      return sql`entry_ids.hash in (${join(driver.values.map(hashOf))})`
    case 'range':
      return within(raw(`entries.${driver.column}`), driver)
    default:
      return driver satisfies never
  }
}

/** For entries that another index finds: the `+` keeps the planner from driving by this one. */
export const testingEntries = (predicate: EntryPredicate): Condition => {
  switch (predicate.kind) {
    case 'actor':
    case 'type':
      return sql`+${raw(`entries.${predicate.kind}`)} in (${join(predicate.values)})`
    case 'run':
      return sql`+entries.run_id in (${join(predicate.values)})`
    case 'run_with':
      return sql`(select ${raw(`held.${predicate.column}`)} from runs as held where held.run_id = entries.run_id)
        in (${join(predicate.values)})`
    case 'id':
      return sql`exists (select 1 from entry_ids as held where held.hash in (${join(predicate.values.map(hashOf))})
        and held.position = entries.position) and ${hasId(predicate)}`
    case 'range':
      return within(sql`+${raw(`entries.${predicate.column}`)}`, predicate)
    default:
      return predicate satisfies never
  }
}

/** Two ids may share a hash, and a command's may be another's correlation id. */
export const hasId = ({ column, values }: Id): Condition =>
  sql`(select held.entry ->> ${raw(`'$.${column}'`)} from entry_texts as held where held.position = entries.position)
    in (${join(values)})`

/** The tables that `driver` leads through to the entries; without it, all entries. */
export const entryTables = (driver: EntryDriver | null): Sql => {
  const tables = drivingTables(driver)
  return driver?.kind === 'id' ? sql`${tables} cross join entries on entries.position = entry_ids.position` : tables
}

/** The tables in which `driver` finds its entries, as few as possible. */
export const drivingTables = (driver: EntryDriver | null): Sql => {
  switch (driver?.kind) {
    case 'run_with':
      return sql`runs cross join entries on entries.run_id = runs.run_id`
    case 'id':
      return sql`entry_ids`
    default:
      return sql`entries`
  }
}
