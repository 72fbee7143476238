/** A copy of the log while it is written to: one file that holds all that was committed when it began. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { OpenFailure, StoreDamaged } from '../config.ts'
import { type Position, positionText } from '../event-store.ts'
import { contentFault, openLogFile } from './log-file.ts'
import { codeOrMessage, isDamage } from './sqlite-error.ts'

export type BackedUp = Readonly<{
  events: number
  /** Of its last event. */
  position: Position
  /** The id of its first event, null where it has none. */
  ledger: string | null
  bytes: number
}>

/** `BackupUnwritable`: the copy could not be made there. `BackupStopped`: by the signal. Neither leaves a file behind. */
export type BackupFailure =
  | OpenFailure
  | Readonly<{ _tag: 'BackupUnwritable'; detail: string }>
  | Readonly<{ _tag: 'BackupStopped' }>

export type BackupWatch = Readonly<{
  /** Called now and then with the share that is copied, from 0 to 1. */
  onProgress: (share: number) => void
  signal: AbortSignal
}>

/**
 * Copies the log at `path` to `out`, which is replaced whole once the copy is checked, its index against its table, and on the
 * disk. The log may be written to meanwhile. The copy is one file without a write-ahead log, readable by its owner alone.
 */
export const backUpLog = (path: string, out: string, watch: BackupWatch): TE.TaskEither<BackupFailure, BackedUp> => {
  const part = `${out}.${randomUUID()}.part`
  return pipe(
    TE.bracket(
      TE.fromEither(openLogFile(path, 'read')),
      (log) => copy(log, part, watch),
      (log) => TE.fromIO(() => log.close()),
    ),
    TE.flatMap(() => checkCopy(path, part)),
    TE.tap(() => putInPlace(part, out)),
    TE.tapError(() => TE.fromTask(() => removeAll(part))),
  )
}

const PAGES_A_STEP = 1_000

const copy = (
  log: DatabaseSync,
  part: string,
  { onProgress, signal }: BackupWatch,
): TE.TaskEither<BackupFailure, void> =>
  pipe(
    attempt(async () => {
      // Made first, so that nobody else can read it and no link that somebody put there is followed.
      const made = await open(part, 'wx', 0o600)
      await made.close()
      // Of one moment, however long it takes: else SQLite would begin again whenever the log is written to.
      log.exec('BEGIN')
      log.prepare('SELECT 1 FROM events LIMIT 1').get()
      await backup(log, part, {
        rate: PAGES_A_STEP,
        progress: ({ totalPages, remainingPages }) => {
          signal.throwIfAborted()
          onProgress(1 - remainingPages / totalPages)
        },
      })
    }),
    TE.mapError((failure): BackupFailure => (signal.aborted ? { _tag: 'BackupStopped' } : failure)),
    TE.asUnit,
  )

/** Sees that the copy is whole, and says what it holds. */
const checkCopy = (path: string, part: string): TE.TaskEither<BackupFailure, BackedUp> =>
  pipe(
    attempt(async () => {
      const copied = new DatabaseSync(part)
      try {
        copied.exec('PRAGMA journal_mode = DELETE')
        const fault = contentFault(copied, 'integrity_check')
        return fault === null ? describe(copied) : damaged(path, fault)
      } finally {
        copied.close()
      }
    }),
    TE.flatMap((found) =>
      '_tag' in found
        ? TE.left(found)
        : pipe(
            attempt(() => stat(part)),
            TE.map(({ size }) => ({ ...found, bytes: size })),
          ),
    ),
  )

const describe = (copied: DatabaseSync): Omit<BackedUp, 'bytes'> => {
  const row = copied
    .prepare(
      `SELECT count(*) AS events, coalesce(max(position), 0) AS last,
        (SELECT event_id FROM events ORDER BY position LIMIT 1) AS ledger FROM events`,
    )
    .get() as { events: number; last: number; ledger: string | null }
  return { events: row.events, position: positionText(row.last), ledger: row.ledger }
}

const damaged = (path: string, fault: string): StoreDamaged => ({
  _tag: 'StoreDamaged',
  path,
  detail: `${fault}; no backup was written: restore the log from an older one`,
})

const putInPlace = (part: string, out: string): TE.TaskEither<BackupFailure, void> =>
  attempt(async () => {
    await synced(await open(part, 'r+'))
    await rename(part, out)
    // A renamed file is durable once its directory is.
    await synced(await open(dirname(out), 'r'))
  })

const synced = async (handle: FileHandle): Promise<void> => {
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const removeAll = async (part: string): Promise<void> => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(part + suffix, { force: true }).catch(() => undefined)
}

const attempt = <Value>(work: () => Promise<Value>): TE.TaskEither<BackupFailure, Value> =>
  TE.tryCatch(work, (error) => ({
    _tag: 'BackupUnwritable',
    detail: isDamage(error) ? `the log is damaged (${codeOrMessage(error)})` : codeOrMessage(error),
  }))
