/** Filters of the audit trail as SQL: on the index that leads a query, or on the entries that it finds. */
import { sql } from 'kysely'
import { hashOf } from '../../../../projections/entry-ids.ts'
import type {
  EntryDriver,
  EntryPredicate,
  IdPredicate,
  PathPredicate,
  ReasonPredicate,
} from '../../queries/entry-predicates.ts'
import { anyOf, anyOfThese, type Sql, within } from '../../sql/conditions.ts'

/** For the index that leads the query. */
export const drivingEntries = (driver: EntryDriver): Sql => {
  switch (driver.kind) {
    case 'actor': {
      const actor = anyOf(sql.raw('entries.actor'), driver.values)
      return driver.occurred === undefined
        ? actor
        : sql`${actor} and ${within(sql.raw('entries.occurred_at'), driver.occurred)}`
    }
    case 'run':
      return anyOf(sql.raw('entries.run_id'), driver.values)
    case 'run_with':
      return anyOf(sql.raw(`runs.${driver.column}`), driver.values)
    case 'id':
      return anyOf(sql.raw('entry_ids.hash'), driver.values.map(hashOf))
    case 'result':
      return anyOf(sql.raw('entries.result'), driver.values)
    case 'range':
      return within(sql.raw(`entries.${driver.column}`), driver)
    default:
      return driver satisfies never
  }
}

/** For entries that another index finds: the `+` keeps the planner from leading by this one. */
export const testingEntries = (predicate: EntryPredicate): Sql => {
  switch (predicate.kind) {
    case 'actor':
    case 'type':
    case 'status':
    case 'result':
      return anyOf(sql.raw(`+entries.${predicate.kind}`), predicate.values)
    case 'path':
      return changes(predicate)
    case 'reason':
      return hasReason(predicate)
    case 'run':
      return anyOf(sql.raw('+entries.run_id'), predicate.values)
    case 'run_with':
      return anyOf(
        sql`(select held.${sql.raw(predicate.column)} from runs as held where held.run_id = entries.run_id)`,
        predicate.values,
      )
    case 'id':
      return sql`exists (select 1 from entry_ids as held where ${anyOf(sql.raw('held.hash'), predicate.values.map(hashOf))}
        and held.position = entries.position) and ${hasId(predicate)}`
    case 'range':
      return within(sql.raw(`+entries.${predicate.column}`), predicate)
    default:
      return predicate satisfies never
  }
}

/** Whether it changed one of the paths. Most entries are distinguished by their text, without reading it as JSON. */
const changes = ({ paths, beginnings }: PathPredicate): Sql =>
  sql`exists (select 1 from entry_texts as held, json_each(held.entry, '$.changes') as change
    where held.position = entries.position and ${anyOfThese([
      ...paths.map((path) => sql`instr(held.entry, ${`"path":${JSON.stringify(path)}`}) > 0`),
      ...beginnings.map((path) => sql`instr(held.entry, ${`"path":${JSON.stringify(path).slice(0, -1)}`}) > 0`),
    ])} and ${anyOfThese([
      ...(paths.length === 0 ? [] : [anyOf(sql`(change.value ->> 'path')`, paths)]),
      ...beginnings.map((path) => beginsWith(sql`change.value ->> 'path'`, path)),
    ])})`

/** By bytes: SQLite's functions for texts stop at the first U+0000. */
const beginsWith = (text: Sql, beginning: string): Sql => {
  const bytes = Buffer.from(beginning)
  return sql`substr(cast(${text} as blob), 1, ${bytes.length}) = ${bytes}`
}

const hasReason = ({ values }: ReasonPredicate): Sql =>
  sql`exists (select 1 from entry_texts as held where held.position = entries.position and ${anyOfThese(
    values.map((value) => sql`instr(cast(held.entry ->> '$.reason' as blob), ${Buffer.from(value)}) > 0`),
  )})`

/** Two ids may share a hash, and a command's may be another's correlation id. */
export const hasId = ({ column, values }: IdPredicate): Sql =>
  anyOf(
    sql`(select held.entry ->> ${sql.raw(`'$.${column}'`)} from entry_texts as held where held.position = entries.position)`,
    values,
  )

/** The tables in which `driver` finds its entries, as few as possible. */
export const drivingTables = (driver: EntryDriver | null): Sql => {
  switch (driver?.kind) {
    case 'run_with':
      return BY_RUN
    case 'id':
      return IDS
    default:
      return ENTRIES
  }
}

/** The tables that `driver` leads through to the entries; all entries without it. */
export const entryTables = (driver: EntryDriver | null): Sql => (driver?.kind === 'id' ? BY_ID : drivingTables(driver))

const ENTRIES = sql.raw('entries')
const IDS = sql.raw('entry_ids')
const BY_RUN = sql.raw('runs cross join entries on entries.run_id = runs.run_id')
const BY_ID = sql.raw('entry_ids cross join entries on entries.position = entry_ids.position')
