/** SQLite's statements: SQL written with kysely's `sql` tag, compiled. */
import { sql } from 'kysely'
import type { Sql } from '../../sql/conditions.ts'
import { queries } from '../database.ts'

export type Statement = Readonly<{ sql: string; parameters: readonly unknown[] }>

export const compiled = (query: Sql): Statement => query.compile(queries)

/** A statement of one form, compiled once: its parameters, in the order in which they stand, are given at each call. */
export const fixed = <Parameters extends readonly unknown[]>(
  query: Sql,
): ((...parameters: Parameters) => Statement) => {
  const { sql: text } = compiled(query)
  return (...parameters) => ({ sql: text, parameters })
}

/** Stands for a parameter of a `fixed` statement. */
export const PARAMETER = sql`${null}`
