/** The embedded event store: one SQLite file, one process that writes it, any number that read. */
import { mkdirSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Access, Clock, EmbeddedConfig, OpenFailure } from '../config.ts'
import {
  type AccessStream,
  accessStreamOf,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  type StoreUnavailable,
  unavailable,
} from '../event-store.ts'
import { type FileLock, lockFile } from './file-lock.ts'
import { createAppender } from './group-commit.ts'
import { createLastRevisions, type LastRevisions } from './last-revisions.ts'
import { openLogFile } from './log-file.ts'
import { createLogReader, createStreamReader, type LogReader } from './log-reader.ts'
import { detailOf } from './sqlite-error.ts'
import { subscription } from './subscription.ts'

/**
 * Opens the log at `config.path`. `write` makes what is missing and owns the log until it is closed or its process
 * ends (else StoreInUse); `read` works beside a writer, without one, and after one was killed.
 */
export const openEmbedded =
  (config: EmbeddedConfig, access: Access, clock: Clock = Date.now): TaskEither<OpenFailure, EventStore> =>
  async () => {
    const { path, prefix } = config
    if (access === 'read') return openWith(path, access, (database) => readingStore(database, prefix))
    try {
      mkdirSync(dirname(path), { recursive: true })
    } catch (error) {
      return left(unavailable(`the log's directory cannot be made: ${detailOf(error)}`))
    }
    const locked = lockFile(path, { pid: process.pid })
    if (locked._tag === 'Left') return locked
    const opened = openWith(path, access, (database) => writingStore(database, path, prefix, locked.right, clock))
    if (opened._tag === 'Left') locked.right.release()
    return opened
  }

const openWith = (
  path: string,
  access: Access,
  make: (database: DatabaseSync) => EventStore,
): Either<OpenFailure, EventStore> => {
  const opened = openLogFile(path, access)
  if (opened._tag === 'Left') return opened
  try {
    return right(make(opened.right))
  } catch (error) {
    opened.right.close()
    return left(unavailable(`the log cannot be opened: ${detailOf(error)}`))
  }
}

// How often a store that only reads looks for what others appended, in ms.
const POLL = 10

const CLOSED = unavailable('the store is closed')
const READ_ONLY = unavailable('the store is open for reading only')

const readingStore = (database: DatabaseSync, prefix: string): EventStore => {
  const wakers = createWakers()
  const poll = (_row: number, signal: AbortSignal) => wakers.sleep(signal, POLL)
  return {
    ...readsOf(database, prefix, wakers, poll),
    access: {
      ...accessReadsOf(database, prefix, wakers, poll),
      append: () => async () => left(wakers.closed() ? CLOSED : READ_ONLY),
    },
    append: () => async () => left(wakers.closed() ? CLOSED : READ_ONLY),
    announce: () => undefined,
    close: async () => {
      if (!wakers.close()) return
      database.close()
    },
  }
}

/** Whether a group of appends fits on the disk. */
const hasRoom = (directory: string): boolean => {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize >= LEAST_ROOM_BYTES
}

const LEAST_ROOM_BYTES = 4 * 1024 * 1024

const writingStore = (
  database: DatabaseSync,
  path: string,
  prefix: string,
  lock: FileLock,
  clock: Clock,
): EventStore => {
  const wakers = createWakers()
  const seen = createLastRevisions()
  const appender = createAppender(database, seen, clock, wakers.wake)
  const moreThan = async (row: number, signal: AbortSignal) =>
    appender.lastRow() > row ? undefined : wakers.sleep(signal)
  const append = (stream: string, expected: ExpectedRevision, events: readonly NewEvent[]) => () =>
    wakers.closed() ? Promise.resolve(left(CLOSED)) : appender.append(stream, expected, events)
  // Only this process appends to the access stream, so that nobody has to look for its events each time a run is written.
  const accessWakers = createWakers()
  let lastAccessRow = 0
  const moreAccessThan = async (row: number, signal: AbortSignal) =>
    lastAccessRow > row ? undefined : accessWakers.sleep(signal)
  let closing: Promise<void> | null = null
  const close = async () => {
    wakers.close()
    accessWakers.close()
    await appender.drain()
    try {
      // Readers may keep the file open: what it holds is whole without them.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // What cannot be moved now stays in the WAL, as durable as before.
    }
    database.close()
    lock.release()
  }
  return {
    ...readsOf(database, prefix, wakers, moreThan, seen),
    access: {
      ...accessReadsOf(database, prefix, wakers, moreAccessThan, seen),
      append: (expected, events) =>
        pipe(
          append(accessStreamOf(prefix), expected, events),
          TE.tapIO(({ position }) => () => {
            lastAccessRow = Math.max(lastAccessRow, Number(position))
            accessWakers.wake()
          }),
        ),
    },
    append: (stream, expected, events) => append(prefix + stream, expected, events),
    canStore: () => async () => {
      if (wakers.closed()) return left(CLOSED)
      try {
        appender.tryToStore()
        return hasRoom(dirname(path)) ? right(undefined) : left(unavailable('the disk of the log is full'))
      } catch (error) {
        return left(unavailable(detailOf(error)))
      }
    },
    announce: (url) => lock.announce({ url }),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

type Reads = Pick<EventStore, 'readStream' | 'subscribe' | 'headPosition' | 'backlog'>

type MoreThan = (row: number, signal: AbortSignal) => Promise<void>

const accessReadsOf = (
  database: DatabaseSync,
  prefix: string,
  wakers: Wakers,
  moreThan: MoreThan,
  seen?: LastRevisions,
): Pick<AccessStream, 'read' | 'subscribe'> => {
  const { readStream, subscribe } = readsFrom(
    createStreamReader(database, accessStreamOf(prefix), seen),
    wakers,
    moreThan,
  )
  return { read: (options) => readStream('', options), subscribe }
}

const readsOf = (
  database: DatabaseSync,
  prefix: string,
  wakers: Wakers,
  moreThan: MoreThan,
  seen?: LastRevisions,
): Reads => readsFrom(createLogReader(database, prefix, seen), wakers, moreThan)

const readsFrom = (reader: LogReader, { closed }: Wakers, moreThan: MoreThan): Reads => {
  const attempt =
    <A>(read: () => A): TaskEither<StoreUnavailable, A> =>
    async (): Promise<Either<StoreUnavailable, A>> => {
      if (closed()) return left(CLOSED)
      try {
        return right(read())
      } catch (error) {
        return left(unavailable(detailOf(error)))
      }
    }
  return {
    readStream: (stream, options) => attempt(() => reader.readStream(stream, options)),
    subscribe: (options) => subscription({ reader, closed, moreThan }, options),
    headPosition: () => attempt(reader.head),
    backlog: (after) => attempt(() => reader.backlog(after)),
  }
}

type Wakers = Readonly<{
  /** Ends when woken, when `signal` aborts, after `ms`, and when closed. */
  sleep: (signal: AbortSignal, ms?: number) => Promise<void>
  wake: () => void
  /** False where it was closed before. */
  close: () => boolean
  closed: () => boolean
}>

/** Those who wait for the log to grow or to close. */
const createWakers = (): Wakers => {
  const sleeping = new Set<() => void>()
  let isClosed = false
  const wake = () => {
    for (const up of sleeping) up()
  }
  return {
    sleep: (signal, ms) =>
      new Promise((resolve) => {
        if (signal.aborted || isClosed) return resolve()
        const up = () => {
          sleeping.delete(up)
          signal.removeEventListener('abort', up)
          clearTimeout(timer)
          resolve()
        }
        const timer = ms === undefined ? undefined : setTimeout(up, ms)
        sleeping.add(up)
        signal.addEventListener('abort', up)
      }),
    wake,
    close: () => {
      if (isClosed) return false
      isClosed = true
      wake()
      return true
    },
    closed: () => isClosed,
  }
}
