/** The read model's SQLite file: how it is opened, and kysely, which builds and types the statements that stay the same. */
import { chmodSync, existsSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { Compilable } from 'kysely'
import type { ReadModelOpenFailure } from '../open-failure.ts'
import type { ReadModelDamaged, ReadModelOutOfReach } from '../projection-store.ts'
import { createQueries } from './kysely.ts'
import { failureOf } from './sqlite-failure.ts'
import { APPLICATION_ID, CHECKPOINT_TABLES, createTables, type Database, LAYOUT_VERSION } from './tables.ts'

export const queries = createQueries<Database>()

/** A statement whose parameters are bound at each call; rows come as arrays, which costs half of objects. */
export const prepare = (db: DatabaseSync, query: Compilable): StatementSync => prepared(db, query.compile().sql)

/** The same of SQL that is written out. */
export const prepared = (db: DatabaseSync, sql: string): StatementSync => {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}

/** Stands for a value of any type that is bound later. */
export const bound = (): never => null as never

/** `work` in one transaction: all of it or, where it throws, nothing. */
export const inTransaction = <Result>(db: DatabaseSync, work: () => Result): Result => {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** From how many pages on a commit moves the write-ahead log into the file: the more, the less work in all. */
export const WAL_PAGES = 2_000

export const movingWalAt = (db: DatabaseSync, pages: number): void => db.exec(`PRAGMA wal_autocheckpoint = ${pages}`)

const BUSY_TIMEOUT_MS = 5_000

/** Opens the file for its one writer, who holds its lock; makes it where it is missing or of another layout. */
export const openForWriting = (path: string): Either<ReadModelDamaged | ReadModelOutOfReach, DatabaseSync> =>
  opened<ReadModelDamaged>(path, (db) => {
    keepPrivate(path)
    const applicationId = pragma(db, 'application_id')
    if (applicationId !== APPLICATION_ID && !(applicationId === 0 && isEmpty(db))) return foreign(path)
    // Of a new file. Two Entries of a new run fill a page of 4096 bytes to two thirds, and most of a write is its system calls.
    db.exec('PRAGMA page_size = 8192')
    // The read model can be made again, so a power cut may cost it its last transactions, but never part of one.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864')
    db.exec('PRAGMA cache_size = -16000')
    movingWalAt(db, WAL_PAGES)
    if (pragma(db, 'user_version') !== LAYOUT_VERSION) inTransaction(db, () => createLayout(db))
    return right(db)
  })

/** A function of SQL: the time in ms since 1970, again for each row. Those of SQLite stand still within a statement. */
export const CLOCK = 'clock_ms'

/** Opens the file for one of any number of readers, which never wait for the writer. */
export const openForReading = (path: string): Either<ReadModelOpenFailure, DatabaseSync> => {
  if (!existsSync(path)) return left({ _tag: 'ReadModelMissing', path })
  return opened<ReadModelOpenFailure>(path, (db) => {
    db.exec('PRAGMA query_only = ON; PRAGMA cache_size = -8000')
    db.function(CLOCK, () => Date.now())
    const applicationId = pragma(db, 'application_id')
    // The writer has made the file, and not yet what is in it.
    if (applicationId === 0 && isEmpty(db)) return left({ _tag: 'ReadModelMissing', path })
    if (applicationId !== APPLICATION_ID) return foreign(path)
    return pragma(db, 'user_version') === LAYOUT_VERSION ? right(db) : left({ _tag: 'ReadModelOutdated', path })
  })
}

/** Lets nobody else read the file: what SQLite puts beside it gets its mode. */
const keepPrivate = (path: string): void => {
  try {
    chmodSync(path, 0o600)
  } catch {
    // Of another user's file its owner decides.
  }
}

const opened = <Failure>(
  path: string,
  prepared: (db: DatabaseSync) => Either<Failure, DatabaseSync>,
): Either<Failure | ReadModelDamaged | ReadModelOutOfReach, DatabaseSync> => {
  let db: DatabaseSync | null = null
  try {
    db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    const result = prepared(db)
    if (result._tag === 'Left') db.close()
    return result
  } catch (error) {
    if (db?.isOpen) db.close()
    return left(failureOf(path, error))
  }
}

const foreign = (path: string) =>
  left({ _tag: 'ReadModelDamaged' as const, path, detail: 'the file belongs to another program' })

const createLayout = (db: DatabaseSync): void => {
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all() as { name: string }[]
  for (const { name } of tables) db.exec(`DROP TABLE "${name}"`)
  db.exec(CHECKPOINT_TABLES)
  for (const table of createTables('live')) db.exec(table)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${LAYOUT_VERSION}`)
}

const isEmpty = (db: DatabaseSync): boolean => db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined

const pragma = (db: DatabaseSync, name: 'application_id' | 'user_version'): number =>
  (db.prepare(`PRAGMA ${name}`).get() as Record<typeof name, number>)[name]
