/** kysely for PostgreSQL. */
import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresDialect,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
} from 'kysely'
import type pg from 'pg'

/** Statements of `Tables`, executed on `pool`. The pool is its owner's to end. */
export const queriesOn = <Tables>(pool: pg.Pool): Kysely<Tables> =>
  new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })

/** Builds statements that are executed elsewhere. */
export const STATEMENTS = new Kysely<never>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

export const compiled = (statement: RawBuilder<unknown>): CompiledQuery => statement.compile(STATEMENTS)

/** Executes a statement on one connection, whose transaction is the caller's. Returns its rows. */
export const rowsOf = async <Row extends pg.QueryResultRow>(
  client: Pick<pg.ClientBase, 'query'>,
  statement: RawBuilder<unknown>,
): Promise<readonly Row[]> => {
  const { sql, parameters } = compiled(statement)
  return (await client.query<Row>(sql, parameters as unknown[])).rows
}

/** The same without rows. */
export const execute = async (client: Pick<pg.ClientBase, 'query'>, statement: RawBuilder<unknown>): Promise<void> => {
  await rowsOf(client, statement)
}
