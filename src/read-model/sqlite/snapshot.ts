/** The SQLite adapter of the port that `verify` reads through: one read transaction on a connection of its own. */
import type { DatabaseSync } from 'node:sqlite'
import { chainW, type Either, map } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { Task } from 'fp-ts/lib/Task.js'
import { columnsOf, keyOf, type Table } from '../../../projections/table.ts'
import { START } from '../../event-store/event-store.ts'
import type { ReadModelOpenFailure } from '../open-failure.ts'
import type { Snapshot, TableRow, TableRows } from '../snapshot.ts'
import { type CheckpointTable, readCheckpoint } from './checkpoint.ts'
import { openForReading, prepared } from './database.ts'
import { attempt, isDamage } from './sqlite-failure.ts'
import { nameIn, type SetName } from './tables.ts'

/** The tables that are read, or those that a rebuild fills, as they stand now in the file at `path`. */
export const openSnapshot = (path: string, set: 'live' | 'next'): Either<ReadModelOpenFailure, Snapshot> =>
  pipe(
    openForReading(path),
    chainW((db) =>
      pipe(
        attempt(path, () => beginAt(db, set === 'live' ? 'projections' : 'rebuilds')),
        map((position) => ({
          position,
          covers: (_, at) => at <= position,
          faults: faultsOf(db),
          failure: () => null,
          rows: (table, columns) => rowsOf(db, `${selectOf(set, table)} ORDER BY ${columns.join(', ')}`),
          row: createRowReader(db, set),
          close: async () => db.close(),
        })),
      ),
    ),
  )

/** Begins the transaction, and returns how far the tables have got in it. */
const beginAt = (db: DatabaseSync, checkpoints: CheckpointTable) => {
  db.exec('BEGIN')
  return readCheckpoint(db, checkpoints)?.position ?? START
}

const faultsOf =
  (db: DatabaseSync): Task<readonly string[]> =>
  async () => {
    try {
      const rows = db.prepare(`PRAGMA integrity_check(${MOST_FAULTS})`).all()
      return rows.map((row) => String(Object.values(row)[0])).filter((detail) => detail !== 'ok')
    } catch (error) {
      return [detailOf(error)]
    }
  }

const MOST_FAULTS = 20

const LOT = 32

async function* rowsOf(db: DatabaseSync, sql: string): TableRows {
  try {
    let lot: TableRow[] = []
    for (const row of prepared(db, sql).iterate() as unknown as Iterable<TableRow>) {
      lot.push(row)
      if (lot.length === LOT) {
        yield lot
        lot = []
      }
    }
    yield lot
    return null
  } catch (error) {
    return detailOf(error)
  }
}

const createRowReader =
  (db: DatabaseSync, set: SetName) =>
  async (table: Table, key: Parameters<Snapshot['row']>[1]): Promise<TableRow | null> => {
    const where = keyOf(table).map((column) => `${column} = ?`)
    try {
      const row = prepared(db, `${selectOf(set, table)} WHERE ${where.join(' AND ')}`).get(...key)
      return (row as unknown as TableRow | undefined) ?? null
    } catch (error) {
      detailOf(error)
      return null
    }
  }

const selectOf = (set: SetName, table: Table): string =>
  `SELECT ${columnsOf(table).join(', ')} FROM ${nameIn(set, table)}`

/** What is damaged. Throws what is not damage. */
const detailOf = (error: unknown): string => {
  if (!isDamage(error)) throw error
  return (error as Error).message
}
