/** The statements that change a projected table, made from the table as data. Rows come as one array for each column. */
import { type RawBuilder, sql } from 'kysely'
import type { StoredValue } from '../../../../projections/collect-changes.ts'
import { keyOf, type Table } from '../../../../projections/table.ts'
import type { StoredColumn } from './stored-columns.ts'

/** A table in its schema. */
export type Target = Readonly<{ schema: string; table: Table }>

type Arrays = readonly (readonly StoredValue[])[]
type Sql = RawBuilder<unknown>

/** Inserts rows that are not there yet. */
export const insertion = (target: Target, columns: readonly StoredColumn[], arrays: Arrays): Sql =>
  sql`insert into ${named(target)} (${names(columns)}) select ${names(columns)} from ${given(columns, arrays)}`

/** Takes rows in the text format of COPY. */
export const copying = (target: Target, columns: readonly StoredColumn[]): Sql =>
  sql`copy ${named(target)} (${names(columns)}) from stdin`

/** Sets the columns that are no key of the rows with these keys. */
export const updating = (target: Target, columns: readonly StoredColumn[], arrays: Arrays): Sql => {
  const keys = keyOf(target.table)
  const set = columns
    .filter(({ name }) => !keys.includes(name))
    .map(({ name }) => sql`${sql.id(name)} = given.${sql.id(name)}`)
  return sql`update ${named(target)} as stored set ${sql.join(set)} from ${given(columns, arrays)} where ${sameKey(target)}`
}

/** Removes the rows with these keys. */
export const removal = (target: Target, columns: readonly StoredColumn[], arrays: Arrays): Sql =>
  sql`delete from ${named(target)} as stored using ${given(columns, arrays)} where ${sameKey(target)}`

/**
 * Merges rows into those with their keys, where there are any. They are locked in the order of their keys, which is the same
 * for all writers, so that no two of them wait for each other.
 */
export const merging = (target: Target, columns: readonly StoredColumn[], arrays: Arrays): Sql => {
  const keys = sql.join(target.table.key.map((name) => sql.id(name)))
  const set = columns.flatMap(({ name }) => {
    const merge = target.table.columns[name]?.merge
    return merge === undefined ? [] : [sql`${sql.id(name)} = ${MERGED[merge](name)}`]
  })
  return sql`insert into ${named(target)} as stored (${names(columns)})
    select ${names(columns)} from ${given(columns, arrays)} order by ${keys}
    on conflict (${keys}) do update set ${sql.join(set)}`
}

/** Removes those of the rows with these keys whose count is back at zero. */
export const removalAtZero = (target: Target, columns: readonly StoredColumn[], arrays: Arrays, count: string): Sql =>
  sql`${removal(target, columns, arrays)} and stored.${sql.id(count)} = 0`

const MERGED = {
  sum: (name: string) => sql`stored.${sql.id(name)} + excluded.${sql.id(name)}`,
  min: (name: string) => sql`least(stored.${sql.id(name)}, excluded.${sql.id(name)})`,
  max: (name: string) => sql`greatest(stored.${sql.id(name)}, excluded.${sql.id(name)})`,
} as const

const named = ({ schema, table }: Target): Sql => sql.id(schema, table.name)

const names = (columns: readonly StoredColumn[]): Sql => sql.join(columns.map(({ name }) => sql.id(name)))

const given = (columns: readonly StoredColumn[], arrays: Arrays): Sql => {
  const typed = columns.map(({ type }, i) => sql`${sql.val(arrays[i])}::${sql.raw(type)}[]`)
  return sql`unnest(${sql.join(typed)}) as given (${names(columns)})`
}

const sameKey = ({ table }: Target): Sql =>
  sql.join(
    keyOf(table).map((name) => sql`stored.${sql.id(name)} = given.${sql.id(name)}`),
    sql` and `,
  )
