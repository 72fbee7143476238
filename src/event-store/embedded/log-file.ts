/** The log's file: its schema, how it is made, checked and opened. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { Access, StoreDamaged, StoreMissing, StoreRefused } from '../config.ts'
import { type StoreUnavailable, unavailable } from '../event-store.ts'
import { detailOf, isDamage, isReadOnlyDirectory, isSqliteError } from './sqlite-error.ts'

// STORAGE CONTRACT: every log ever written has this form; another one takes the next FORMAT and a way to get there.
// `stream` is the store's prefix and the stream's name; positions are 1, 2, 3, … without holes.
const APPLICATION_ID = 0x524c6564 // "RLed", shown by file(1)
const FORMAT = 1
const SCHEMA = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
  -- The log is the truth: no program, and no hand at a prompt, changes it by mistake.
  CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
  CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};`

// FULL: COMMIT returns after fsync; on macOS only fullfsync reaches the disk.
// The WAL is moved into the file every 4,000 pages (16 MB): more often stalls appends, more seldom lets it grow.
// A backup comes without a WAL, and gets one again here.
const WRITER = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA cache_size = -16000;`

// How long a statement waits for another connection, in ms: one that recovers the WAL, or a person's shell.
const BUSY_TIMEOUT = 1000

type Refused = StoreDamaged | StoreMissing | StoreRefused | StoreUnavailable

/**
 * Opens the log at `path`. `write`, by the owner of the file's lock: makes it where it is missing, and first checks all of
 * its pages; after an end that left events in the WAL also its index against its table (see decision 0004). `read`: changes
 * nothing, takes no lock that stays, and needs the file to be there; in a directory where it may not write it reads a log
 * that nobody else has open.
 */
export const openLogFile = (path: string, access: Access): Either<Refused, DatabaseSync> => {
  try {
    const hindrance = hindranceOf(path)
    if (hindrance !== null) return left(unavailable(`${path} cannot be read (${hindrance})`))
    if (!existsSync(path)) {
      if (access === 'read') return left({ _tag: 'StoreMissing', path })
      if (existsSync(`${path}-wal`))
        return left(damaged(path, 'its write-ahead log (-wal) is there, but not the log itself'))
      create(path)
    }
    return access === 'read' ? openForReading(path) : openForWriting(path)
  } catch (error) {
    if (isDamage(error) && isSqliteError(error)) return left(damaged(path, error.message))
    return left(unavailable(`the log cannot be opened: ${detailOf(error)}`))
  }
}

/** Why it cannot even be said whether the file is there, such as a directory that this user may not look into. */
const hindranceOf = (path: string): string | null => {
  try {
    statSync(path)
    return null
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return code === 'ENOENT' ? null : code
  }
}

const openForReading = (path: string): Either<Refused, DatabaseSync> => {
  const reading = connect(path, 'mode=ro')
  try {
    return checked(path, reading, formatFault(reading))
  } catch (error) {
    reading.close()
    if (!isReadOnlyDirectory(error)) throw error
    if (walBytes(path) > 0)
      return left(
        unavailable(
          'the directory cannot be written to, and the last events are in the write-ahead log (-wal): copy both to one that can',
        ),
      )
    // A log in WAL mode is read through files that SQLite makes beside it, unless nobody can change it meanwhile.
    const still = connect(path, 'mode=ro&immutable=1')
    return checked(path, still, formatFault(still))
  }
}

const openForWriting = (path: string): Either<Refused, DatabaseSync> => {
  // Each name would have a write-ahead log and a lock of its own.
  const file = statSync(path)
  if (file.isFile() && file.nlink > 1)
    return left({
      _tag: 'StoreRefused',
      detail: `${path} has ${file.nlink} names (hard links): it is written only where it has one; copy it, or remove the others`,
    })
  // Checked through a connection that cannot write: where the file is refused, it is left as it was.
  const check = walBytes(path) > 0 ? 'integrity_check' : 'quick_check'
  const reading = connect(path, 'mode=ro')
  const fault = formatFault(reading) ?? contentFault(reading, check)
  reading.close()
  if (fault !== null) return left(damaged(path, fault))
  const writing = connect(path, 'mode=rw')
  writing.exec(WRITER)
  return right(writing)
}

const connect = (path: string, query: string): DatabaseSync =>
  new DatabaseSync(new URL(`?${query}`, pathToFileURL(path)), { timeout: BUSY_TIMEOUT })

const checked = (path: string, database: DatabaseSync, fault: string | null): Either<StoreDamaged, DatabaseSync> => {
  if (fault === null) return right(database)
  database.close()
  return left(damaged(path, fault))
}

/** How many bytes of the log are only in its write-ahead log. */
const walBytes = (path: string): number => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0

const damaged = (path: string, fault: string): StoreDamaged => ({
  _tag: 'StoreDamaged',
  path,
  detail: `${fault}; nothing was changed: restore the file from a backup, or name another one`,
})

/** Why the file is no log that this program can read, null where it is one. */
const formatFault = (database: DatabaseSync): string | null =>
  unlessDamaged(() => {
    const id = pragma(database, 'application_id')
    const format = pragma(database, 'user_version')
    if (id !== APPLICATION_ID) return 'it is no log of this program'
    if (format !== FORMAT) return `its format is ${format}, this program knows ${FORMAT}: use a newer one`
    database.prepare('SELECT position, stream, revision, event_id, type, recorded_at, data, metadata FROM events')
    return null
  })

/** `integrity_check` compares the index with the table, too, and takes up to three times as long. */
type Check = 'quick_check' | 'integrity_check'

/** What is damaged in the log, null where the check finds nothing. */
export const contentFault = (database: DatabaseSync, check: Check): string | null =>
  unlessDamaged(() => {
    const found = pragma(database, check)
    return found === 'ok' ? null : `it is damaged (${found})`
  })

const unlessDamaged = (look: () => string | null): string | null => {
  try {
    return look()
  } catch (error) {
    if (isDamage(error) && isSqliteError(error)) return error.message
    throw error
  }
}

const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]

// Made beside its place and renamed: a log is there whole or not at all, and an empty file is never taken for a new log.
const create = (path: string): void => {
  const fresh = `${path}.new`
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(fresh + suffix, { force: true })
  const database = new DatabaseSync(fresh)
  database.exec(`${WRITER} BEGIN; ${SCHEMA} COMMIT`)
  database.close()
  renameSync(fresh, path)
  const directory = openSync(dirname(path), 'r')
  fsyncSync(directory)
  closeSync(directory)
}
