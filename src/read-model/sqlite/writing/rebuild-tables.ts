/** The tables that a rebuild makes beside the live ones, the switch to them, and the end of those that they replace. */
import type { DatabaseSync } from 'node:sqlite'
import { TABLES } from '../../../../projections/projections.ts'
import type { Table } from '../../../../projections/table.ts'
import type { Checkpoint } from '../../projection-store.ts'
import { beginning, putCheckpoint, readCheckpoint, removeCheckpoint } from '../checkpoint.ts'
import { createIndexes, createTables, dropTables, isByRowNumber, nameIn, renameTables } from '../tables.ts'

/** Begins empty next tables at the log's beginning, in a transaction of the caller's. */
export const beginNext = (db: DatabaseSync): Checkpoint => {
  const before = Math.max(
    readCheckpoint(db, 'projections')?.generation ?? 0,
    readCheckpoint(db, 'rebuilds')?.generation ?? 0,
  )
  const checkpoint = beginning(before + 1)
  for (const statement of [...dropTables('next'), ...createTables('next')]) db.exec(statement)
  putCheckpoint(db, 'rebuilds', checkpoint)
  return checkpoint
}

/** Makes the indexes of the next tables, one a step. */
export function* indexSteps(db: DatabaseSync): Generator<void, void> {
  const checkpoint = readCheckpoint(db, 'rebuilds')
  if (checkpoint === null) throw new Error('no rebuild is under way')
  for (const index of createIndexes('next', checkpoint.generation)) {
    db.exec(index)
    yield
  }
}

/** Puts the next tables into the place of the live ones, in a transaction of the caller's. */
export const switchToNext = (db: DatabaseSync): void => {
  const checkpoint = readCheckpoint(db, 'rebuilds')
  if (checkpoint === null) throw new Error('no rebuild is under way')
  for (const statement of [...renameTables('live', 'old'), ...renameTables('next', 'live')]) db.exec(statement)
  putCheckpoint(db, 'projections', checkpoint)
  removeCheckpoint(db, 'rebuilds')
}

/** Drops the tables that a rebuild has replaced, a piece a step. */
export function* dropSteps(db: DatabaseSync): Generator<void, void> {
  const used = pagesUsed(db)
  // Old and new are made of one log, so about half of the pages are old.
  const few = used() / 2 + PAGES_AT_ONCE
  for (const table of TABLES) {
    const name = nameIn('old', table)
    if (!exists(db, name)) continue
    for (const index of indexesOf(db, name)) {
      db.exec(`DROP INDEX IF EXISTS ${index}`)
      yield
    }
    if (isLarge(table)) for (const cut = cutter(db, name, table); used() > few && cut(); ) yield
    db.exec(`DROP TABLE IF EXISTS ${name}`)
    yield
  }
}

// About 100 ms: a table that is dropped at once takes a fifth of the time that its rows take.
const PAGES_AT_ONCE = 65_536

const pagesUsed = (db: DatabaseSync): (() => number) => {
  const used = db.prepare('SELECT page_count - freelist_count AS used FROM pragma_page_count, pragma_freelist_count')
  return () => (used.get() as { used: number }).used
}

const exists = (db: DatabaseSync, name: string): boolean =>
  db.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`).get(name) !== undefined

const indexesOf = (db: DatabaseSync, name: string): readonly string[] =>
  db
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`)
    .all(name)
    .map((row) => String(row['name']))

/** Whether a table grows with every event and its end can be cut off: dropping it at once may take long. */
const isLarge = (table: Table): boolean => table.key.length === 1 && isByRowNumber(table) && table.stored === 'by-key'

// About 25 ms.
const ROWS_A_CUT = 4_096

/** Deletes rows from the end, where it costs least; false where few are left. */
const cutter = (db: DatabaseSync, name: string, { key }: Table): (() => boolean) => {
  const [row] = key
  const edge = db.prepare(`SELECT ${row} AS edge FROM ${name} ORDER BY ${row} DESC LIMIT 1 OFFSET ${ROWS_A_CUT}`)
  const cut = db.prepare(`DELETE FROM ${name} WHERE ${row} >= ?`)
  return () => {
    const found = edge.get()
    if (found !== undefined) cut.run(found['edge'] as number)
    return found !== undefined
  }
}
