/** What a ledger's files hold, as bare rows, so that a floor inserts the very rows that the ledger stored. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { openLogFile } from '../../src/event-store/embedded/log-file.ts'
import { openForReading, openForWriting } from '../../src/read-model/sqlite/database.ts'

export type Rows = readonly (readonly SQLInputValue[])[]

/** How many rows a floor inserts in one transaction. */
export const ROWS_A_TRANSACTION = 512

/** Every event of the log at `path`, in the order of positions. */
export const eventRows = (path: string): Rows => {
  const log = openLog(path, 'read')
  const rows = allRows(log, 'events')
  log.close()
  return rows
}

export type ReadModelRows = Readonly<{ tables: ReadonlyMap<string, Rows>; indexes: readonly string[] }>

/** Every table of the read model at `path`, and the SQL of its indexes. */
export const readModelRows = (path: string): ReadModelRows => {
  const opened = openForReading(path)
  if (opened._tag === 'Left') throw new Error(`${path}: ${opened.left._tag}`)
  const db = opened.right
  const schema = db.prepare('SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL').all()
  const names = schema.filter(({ type }) => type === 'table').map(({ name }) => String(name))
  const indexes = schema.filter(({ type }) => type === 'index').map(({ sql }) => String(sql))
  const tables = new Map(names.map((name) => [name, allRows(db, name)]))
  db.close()
  return { tables, indexes }
}

/** The log at `path` as the ledger opens it: its schema and its pragmas. `write` makes it where it is missing. */
export const openLog = (path: string, access: 'read' | 'write'): DatabaseSync => {
  const opened = openLogFile(path, access)
  if (opened._tag === 'Left') throw new Error(`${path}: ${opened.left._tag}`)
  return opened.right
}

/** An empty read model at `path` as the projector makes it, without its indexes. */
export const openEmptyReadModel = (path: string): DatabaseSync => {
  const opened = openForWriting(path)
  if (opened._tag === 'Left') throw new Error(`${path}: ${opened.left._tag}`)
  for (const { name } of opened.right.prepare(INDEXES).all()) opened.right.exec(`DROP INDEX "${String(name)}"`)
  return opened.right
}

/** Inserts `rows` into `table`, 512 a transaction. */
export const insertRows = (db: DatabaseSync, table: string, rows: Rows): void => {
  const [first] = rows
  if (first === undefined) return
  const insert = insertInto(db, table, first.length)
  for (let from = 0; from < rows.length; from += ROWS_A_TRANSACTION) {
    db.exec('BEGIN IMMEDIATE')
    for (const row of rows.slice(from, from + ROWS_A_TRANSACTION)) insert.run(...row)
    db.exec('COMMIT')
  }
}

export const insertInto = (db: DatabaseSync, table: string, columns: number) =>
  db.prepare(`INSERT INTO "${table}" VALUES (${Array(columns).fill('?').join(', ')})`)

const INDEXES = `SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`

const allRows = (db: DatabaseSync, table: string): Rows => {
  const statement = db.prepare(`SELECT * FROM "${table}"`)
  statement.setReturnArrays(true)
  return statement.all() as unknown as SQLOutputValue[][]
}
