/** The log's file: its schema, how it is made, checked and opened. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { type StoreUnavailable, unavailable } from '../event-store.ts'
import type { Access, StoreDamaged, StoreMissing } from '../open.ts'
import { detailOf, isDamage, isSqliteError } from './sqlite-error.ts'

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
const WRITER = `
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA cache_size = -16000;`

// How long a statement waits for another connection, in ms: one that recovers the WAL, or a person's shell.
const BUSY_TIMEOUT = 1000

type Refused = StoreDamaged | StoreMissing | StoreUnavailable

/**
 * Opens the log at `path`. `write`, by the owner of the file's lock: makes it where it is missing and checks all of
 * its pages first, about 1 ms a MB. `read`: changes nothing, takes no lock that stays, and needs the file to be there.
 */
export const openLogFile = (path: string, access: Access): Either<Refused, DatabaseSync> => {
  const url = pathToFileURL(path)
  try {
    if (!existsSync(path)) {
      if (access === 'read') return left({ _tag: 'StoreMissing', path })
      if (existsSync(`${path}-wal`))
        return left(damaged(path, 'its write-ahead log (-wal) is there, but not the log itself'))
      create(path)
    }
    // Checked through a connection that cannot write: where the file is refused, it is left as it was.
    const reading = new DatabaseSync(withMode(url, 'ro'), { timeout: BUSY_TIMEOUT })
    const fault = faultOf(reading, access)
    if (access === 'read' && fault === null) return right(reading)
    reading.close()
    if (fault !== null) return left(damaged(path, fault))
    const writing = new DatabaseSync(withMode(url, 'rw'), { timeout: BUSY_TIMEOUT })
    writing.exec(WRITER)
    return right(writing)
  } catch (error) {
    if (isDamage(error) && isSqliteError(error)) return left(damaged(path, error.message))
    return left(unavailable(`the log cannot be opened: ${detailOf(error)}`))
  }
}

const withMode = (url: URL, mode: 'ro' | 'rw'): URL => new URL(`?mode=${mode}`, url)

const damaged = (path: string, fault: string): StoreDamaged => ({
  _tag: 'StoreDamaged',
  path,
  detail: `${fault}; nothing was changed: restore the file from a backup, or name another one`,
})

const faultOf = (database: DatabaseSync, access: Access): string | null => {
  try {
    const id = pragma(database, 'application_id')
    const format = pragma(database, 'user_version')
    if (id !== APPLICATION_ID) return 'it is no log of this program'
    if (format !== FORMAT) return `its format is ${format}, this program knows ${FORMAT}: use a newer one`
    database.prepare('SELECT position, stream, revision, event_id, type, recorded_at, data, metadata FROM events')
    const found = access === 'write' ? pragma(database, 'quick_check') : 'ok'
    return found === 'ok' ? null : `it is damaged (${found})`
  } catch (error) {
    if (isDamage(error) && isSqliteError(error)) return error.message
    database.close()
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
  database.exec(`PRAGMA journal_mode = WAL; ${WRITER} BEGIN; ${SCHEMA} COMMIT`)
  database.close()
  renameSync(fresh, path)
  const directory = openSync(dirname(path), 'r')
  fsyncSync(directory)
  closeSync(directory)
}
