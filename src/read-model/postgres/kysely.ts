/** kysely for PostgreSQL. */
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'

/** Statements of `Tables`, executed on `pool`. The pool is its owner's to end. */
export const queriesOn = <Tables>(pool: pg.Pool): Kysely<Tables> =>
  new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
