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
import { allOf, anyOf, anyOfThese, type Sql, within } from '../../sql/conditions.ts'
import { LOOKED_UP, type Tables } from './statements.ts'

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

/** For entries that another index finds. */
export const testingEntries = (tables: Tables, predicate: EntryPredicate): Sql => {
  switch (predicate.kind) {
    case 'actor':
    case 'type':
    case 'status':
    case 'result':
      return anyOf(sql.raw(`entries.${predicate.kind}`), predicate.values)
    case 'path':
      return changes(tables, predicate)
    case 'reason':
      return hasReason(tables, predicate)
    case 'run':
      return anyOf(sql.raw('entries.run_id'), predicate.values)
    case 'run_with':
      return sql`exists (select 1 from ${tables.runs} as held
        where held.run_id = entries.run_id and ${anyOf(sql.raw(`held.${predicate.column}`), predicate.values)} ${LOOKED_UP})`
    case 'id':
      return sql`exists (select 1 from ${tables.entry_ids} as held
        where ${anyOf(sql.raw('held.hash'), predicate.values.map(hashOf))} and held.position = entries.position ${LOOKED_UP})
        and ${hasId(tables, predicate)}`
    case 'range':
      return within(sql.raw(`entries.${predicate.column}`), predicate)
    default:
      return predicate satisfies never
  }
}

/** Two ids may share a hash, and a command's may be another's correlation id. */
export const hasId = ({ entry_texts }: Tables, { column, values }: IdPredicate): Sql =>
  anyOf(
    sql`(select ${WITHOUT_NUL}::json ->> ${sql.lit(column)} from ${entry_texts} as held where held.position = entries.position)`,
    values,
  )

/** Whether it changed one of the paths. Most entries are distinguished by their text, without reading it as JSON. */
const changes = ({ entry_texts }: Tables, { paths, beginnings }: PathPredicate): Sql =>
  sql`exists (select 1 from ${entry_texts} as held
    cross join lateral json_array_elements(${CHANGES}) as change
    where held.position = entries.position and ${anyOfThese([
      ...paths.map(
        (path) => sql`${has(`"path":${JSON.stringify(path)}`)} and change.value ->> 'path' = ${textOf(path)}`,
      ),
      ...beginnings.map(
        (path) =>
          sql`${has(`"path":${JSON.stringify(path).slice(0, -1)}`)} and starts_with(change.value ->> 'path', ${textOf(path)})`,
      ),
    ])} ${LOOKED_UP})`

const hasReason = ({ entry_texts }: Tables, { values }: ReasonPredicate): Sql =>
  sql`exists (select 1 from ${entry_texts} as held where held.position = entries.position and ${anyOfThese(
    values.map(
      (value) =>
        sql`${has(JSON.stringify(value).slice(1, -1))} and strpos(${WITHOUT_NUL}::json ->> 'reason', ${textOf(value)}) > 0`,
    ),
  )} ${LOOKED_UP})`

/** Whether a part of JSON is in the Entry's text. */
const has = (json: string): Sql => sql`strpos(held.entry, ${json}) > 0`

/** `text` as texts inside of the JSON of Entries are: not escaped, and without NUL. */
const textOf = (text: string): Sql => sql`(${JSON.stringify([text.replaceAll('\0', '')])}::json ->> 0)`

// PostgreSQL refuses to look into JSON that holds an escaped NUL; no id has one. An escaped backslash before `u0000` is none.
const WITHOUT_NUL = sql.raw(`(case when strpos(held.entry, '\\u0000') = 0 then held.entry
  else regexp_replace(held.entry, '(\\\\\\\\)|\\\\u0000', '\\1', 'g') end)`)

/** None where they are null: of an event up to which its run cannot be read. */
const CHANGES = sql`case json_typeof(${WITHOUT_NUL}::json -> 'changes') when 'array'
  then ${WITHOUT_NUL}::json -> 'changes' else '[]'::json end`

/** The tables in which `driver` finds its entries, as few as possible. */
export const drivingTables = ({ entries, entry_ids, runs }: Tables, driver: EntryDriver | null): Sql => {
  switch (driver?.kind) {
    case 'run_with':
      return sql`${runs} as runs join ${entries} as entries on entries.run_id = runs.run_id`
    case 'id':
      return sql`${entry_ids} as entry_ids`
    default:
      return sql`${entries} as entries`
  }
}

/** The tables that `driver` leads through to the entries; all entries without it. */
export const entryTables = (tables: Tables, driver: EntryDriver | null): Sql =>
  driver?.kind === 'id'
    ? sql`${drivingTables(tables, driver)} join ${tables.entries} as entries on entries.position = entry_ids.position`
    : drivingTables(tables, driver)

/** What `driver` finds, counted no further than `most`. */
export const entriesFoundUpTo = (tables: Tables, driver: EntryDriver | null, most: number): Sql =>
  sql`select count(*) from (select 1 from ${drivingTables(tables, driver)}
    where ${allOf(driver === null ? [] : [drivingEntries(driver)])} limit ${most}) as found`
