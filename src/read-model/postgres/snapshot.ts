/** The PostgreSQL adapter of the port that `verify` reads through: one read transaction on a connection of its own. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { sql } from 'kysely'
import pg from 'pg'
import type { StoredValue } from '../../../projections/collect-changes.ts'
import { TABLES } from '../../../projections/projections.ts'
import { columnsOf, keyOf, type Table } from '../../../projections/table.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { ReadModelMissing } from '../open-failure.ts'
import type { ReadModelOutOfReach } from '../projection-store.ts'
import type { Snapshot, TableRow, TableRows } from '../snapshot.ts'
import { allOf } from '../sql/conditions.ts'
import { placeOf } from './address.ts'
import { openPool, type PoolOptions } from './connection.ts'
import { partOf } from './parts.ts'
import { attempt, failureOf } from './postgres-failure.ts'
import { beginSnapshot, hasRegistry, partPositions, rowsOf } from './reading/snapshot.ts'
import { compiled, type Statement } from './reading/statements.ts'
import { schemaName } from './tables.ts'

/** Reading a whole ledger takes as long as it takes. */
const LIMITS: PoolOptions = {
  name: 'run-ledger verify',
  max: 1,
  statementTimeoutMs: 0,
  answerTimeoutMs: 0,
  idleInTransactionMs: 0,
  onLost: () => undefined,
}

/** The tables that are read, as they stand now in the database at `url`, each part of them where it is. */
export const openSnapshot = (url: string): TE.TaskEither<ReadModelMissing | ReadModelOutOfReach, Snapshot> => {
  const path = placeOf(url)
  const pool = openPool(url, LIMITS)
  return pipe(
    () => attempt(path, () => snapshotOn(pool, path)),
    TE.flatMap((snapshot) =>
      snapshot === null ? TE.left({ _tag: 'ReadModelMissing' as const, path }) : TE.right(snapshot),
    ),
    TE.tapError(() => TE.fromTask(() => pool.end())),
  )
}

/** Null where there are no tables. */
const snapshotOn = async (pool: pg.Pool, path: string): Promise<Snapshot | null> => {
  if (!(await hasRegistry(pool))) return null
  const client = await pool.connect()
  try {
    const { generation } = await beginSnapshot(client, null)
    const schema = schemaName(generation)
    // So that no rebuild drops the tables before all of them were read.
    await client.query(`LOCK TABLE ${TABLES.map(({ name }) => `${schema}.${name}`).join(', ')} IN ACCESS SHARE MODE`)
    return snapshotOf({ client, pool, path, schema }, await partPositions(client, generation))
  } catch (error) {
    client.release(true)
    throw error
  }
}

type Reading = Readonly<{ client: pg.PoolClient; pool: pg.Pool; path: string; schema: string }>

const snapshotOf = ({ client, pool, path, schema }: Reading, positions: readonly Position[]): Snapshot => {
  let failure: ReadModelOutOfReach | null = null
  let isDamaged = false

  /** Why the rest cannot be read. Damage ends the transaction, and with it all other reading. */
  const endOf = (error: unknown): string => {
    isDamaged ||= isDamage(error)
    const { detail } = failureOf(path, error)
    if (!isDamaged) failure ??= { _tag: 'ReadModelOutOfReach', path, detail }
    return detail
  }

  return {
    position: positions.reduce((one, other) => (other > one ? other : one)),
    covers: (run_id, position) => position <= (positions[partOf(run_id)] ?? ''),
    // PostgreSQL checks its pages as they are read.
    faults: async () => [],
    failure: () => failure,
    rows: (table, columns) => rowsAlong(client, orderedRows(schema, table, columns), endOf),
    row: async (table, key) => {
      try {
        const [row] = await rowsOf(client, rowWith(schema, table, key))
        return (row as TableRow | undefined) ?? null
      } catch (error) {
        endOf(error)
        return null
      }
    },
    close: async () => {
      client.release(true)
      await pool.end()
    },
  }
}

const isDamage = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code?.startsWith('XX') === true

const LOT = 64
let cursors = 0

/** By a cursor of the transaction: several are read along each other. */
async function* rowsAlong(
  client: pg.ClientBase,
  { sql: text, parameters }: Statement,
  endOf: (error: unknown) => string,
): TableRows {
  cursors += 1
  const cursor = `rows_${cursors}`
  try {
    await rowsOf(client, { sql: `DECLARE ${cursor} NO SCROLL CURSOR FOR ${text}`, parameters })
    for (;;) {
      const rows = (await rowsOf(client, { sql: `FETCH ${LOT} FROM ${cursor}`, parameters: [] })) as readonly TableRow[]
      yield rows
      if (rows.length === LOT) continue
      await rowsOf(client, { sql: `CLOSE ${cursor}`, parameters: [] })
      return null
    }
  } catch (error) {
    return endOf(error)
  }
}

const selectOf = (schema: string, table: Table) =>
  sql`select ${sql.join(columnsOf(table).map((column) => sql.id(column)))} from ${sql.id(schema, table.name)}`

const orderedRows = (schema: string, table: Table, columns: readonly string[]): Statement =>
  compiled(
    sql`${selectOf(schema, table)} order by ${sql.join(columns.map((column) => sql`${sql.id(column)} nulls first`))}`,
  )

const rowWith = (schema: string, table: Table, key: readonly StoredValue[]): Statement =>
  compiled(
    sql`${selectOf(schema, table)} where ${allOf(keyOf(table).map((column, i) => sql`${sql.id(column)} = ${key[i]}`))}`,
  )
