/** PostgreSQL's statements: SQL written with kysely's `sql` tag, compiled. Tables are named with their schema, which a rebuild changes. */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { type ProjectedTable, TABLES } from '../../../../projections/projections.ts'
import type { Sql } from '../../sql/conditions.ts'
import { STATEMENTS } from '../kysely.ts'

/** `name`: a statement that a connection prepares once. */
export type Statement = Readonly<{ sql: string; parameters: readonly unknown[]; name?: string }>

/** The projected tables of one schema, by name. */
export type Tables = Readonly<Record<ProjectedTable['name'], Sql>>

export const tablesIn = (schema: string): Tables =>
  Object.fromEntries(TABLES.map(({ name }) => [name, sql.id(schema, name)])) as Tables

export const compiled = (query: Sql): Statement => {
  const { sql: text, parameters } = query.compile(STATEMENTS)
  return { sql: text, parameters }
}

/**
 * A statement of one form, compiled once and prepared once a connection: its parameters, in the order in which they stand, are
 * given at each call. Its plan must not depend on them.
 */
export const fixed = <Parameters extends readonly unknown[]>(
  query: Sql,
): ((...parameters: Parameters) => Statement) => {
  const { sql: text } = compiled(query)
  const name = createHash('sha256').update(text).digest('base64url')
  return (...parameters) => ({ sql: text, parameters, name })
}

/** Stands for a parameter of a `fixed` statement. */
export const PARAMETER = sql`${null}`

/**
 * At the end of an `exists`: it is asked for each row, by its index. PostgreSQL would join it instead, and where it believes that
 * few rows are found, compare all with all.
 */
export const LOOKED_UP = sql.raw('offset 0')
