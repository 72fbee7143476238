/** The statements that change a projected table, made from the table as data. */
import { sql } from 'kysely'
import { columnsOf, keyOf, type Table } from '../../../../projections/table.ts'
import { bound } from '../database.ts'
import { createQueries } from '../kysely.ts'

// Their columns are data, which types cannot follow.
// biome-ignore lint/suspicious/noExplicitAny: see above
const queries = createQueries<any>()

/** Inserts `rows` rows. One that is there already makes the transaction fail as a whole. */
export const insertion = (name: string, table: Table, rows: number): string => {
  const row = Object.fromEntries(columnsOf(table).map((column) => [column, bound()]))
  // To undo a call of many rows alone, SQLite would copy every page that it changes (statement journals,
  // sqlite.org/tempfiles.html); with OR FAIL it need not.
  return queries.insertInto(name).orFail().values(Array(rows).fill(row)).compile().sql
}

/** Sets the columns of `mask`, bit i for column i, of the row with a key. */
export const updating = (name: string, table: Table, mask: number): string => {
  const columns = columnsOf(table).filter((_, i) => mask & (1 << i))
  return keyed(
    queries.updateTable(name).set(Object.fromEntries(columns.map((column) => [column, bound()]))),
    table,
  ).compile().sql
}

/** Removes the row with a key. */
export const removal = (name: string, table: Table): string => keyed(queries.deleteFrom(name), table).compile().sql

/** Merges a row into the one with its key, if there is one. */
export const merging = (name: string, table: Table): string => {
  const merges = Object.entries(table.columns).flatMap(([column, { merge }]) =>
    merge === undefined ? [] : [[column, MERGED[merge](sql.ref(column), sql.ref(`excluded.${column}`))] as const],
  )
  return queries
    .insertInto(name)
    .values(Object.fromEntries(columnsOf(table).map((column) => [column, bound()])))
    .onConflict((conflict) => conflict.columns([...table.key]).doUpdateSet(Object.fromEntries(merges)))
    .compile().sql
}

type Reference = ReturnType<typeof sql.ref>

const MERGED = {
  sum: (mine: Reference, other: Reference) => sql`${mine} + ${other}`,
  min: (mine: Reference, other: Reference) => sql`min(${mine}, ${other})`,
  max: (mine: Reference, other: Reference) => sql`max(${mine}, ${other})`,
} as const

/** Removes the row with a key where its count is back at zero. */
export const removalAtZero = (name: string, table: Table, count: string): string =>
  keyed(queries.deleteFrom(name), table).where(count, '=', sql.lit(0)).compile().sql

type Filtered = Readonly<{ where: (column: string, operator: '=', value: never) => Filtered }>

const keyed = <Query extends Filtered>(query: Query, table: Table): Query =>
  keyOf(table).reduce((filtered, column) => filtered.where(column, '=', bound()) as Query, query)
