/** A lock on a file that dies with its owner, however it dies, and says who the owner is. */
import { chmodSync, existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { StoreInUse } from '../config.ts'
import { type StoreUnavailable, unavailable } from '../event-store.ts'
import { detailOf, isBusy } from './sqlite-error.ts'

/** What an owner says of itself: its process id, and the address that it serves. */
export type Owner = Readonly<{ pid: number; url?: string }>

export type FileLock = Readonly<{
  /** Records the address that the owner serves, for programs that find the file locked. */
  announce: (address: Readonly<{ url: string }>) => void
  /** A second call does nothing. */
  release: () => void
}>

/**
 * Locks `file`, which need not exist, against every other process, worker thread and caller; fails at once where it
 * is locked. The lock is an SQLite transaction held open on `<file>.lock`, so an fcntl lock to the operating system:
 * it is gone with the process, also after SIGKILL. Nothing else may open `<file>.lock`: closing any of a process's
 * descriptors of a file lets go of all its fcntl locks (fcntl(2)). StoreUnavailable where no lock can be made at all.
 */
export const lockFile = (file: string, owner: Owner): Either<StoreInUse | StoreUnavailable, FileLock> => {
  // Two names of one file have one lock.
  const real = existsSync(file) ? realpathSync(file) : file
  const sidecar = `${real}.lock.json`
  const held = hold(`${real}.lock`)
  if (held === 'held by another') return left({ _tag: 'StoreInUse', path: file, owner: read(sidecar) })
  if (!(held instanceof DatabaseSync)) return left(held)
  write(sidecar, owner)
  return right({
    announce: ({ url }) => {
      if (locks.has(held)) write(sidecar, { ...owner, url })
    },
    release: () => {
      if (!locks.delete(held)) return
      rmSync(sidecar, { force: true })
      held.close()
    },
  })
}

// A lock that nobody refers to any more must not be let go of by the garbage collector.
const locks = new Set<DatabaseSync>()

const hold = (path: string): DatabaseSync | 'held by another' | StoreUnavailable => {
  let database: DatabaseSync | undefined
  try {
    const isNew = !existsSync(path)
    database = new DatabaseSync(path, { timeout: 0 })
    if (isNew) chmodSync(path, 0o600)
    // Nothing is ever written: without a journal file there is nothing to recover after a kill.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    locks.add(database)
    return database
  } catch (error) {
    database?.close()
    return isBusy(error) ? 'held by another' : unavailable(`the store cannot be locked: ${detailOf(error)}`)
  }
}

// What an owner says only helps people: the lock holds without it.
const write = (sidecar: string, owner: Owner): void => {
  try {
    writeFileSync(`${sidecar}.new`, JSON.stringify(owner), { mode: 0o600 })
    renameSync(`${sidecar}.new`, sidecar)
  } catch {
    rmSync(`${sidecar}.new`, { force: true })
  }
}

const read = (sidecar: string): Owner | null => {
  try {
    const said: unknown = JSON.parse(readFileSync(sidecar, 'utf8'))
    return isOwner(said) ? said : null
  } catch {
    return null
  }
}

const isOwner = (said: unknown): said is Owner =>
  typeof said === 'object' &&
  said !== null &&
  'pid' in said &&
  Number.isInteger(said.pid) &&
  (!('url' in said) || typeof said.url === 'string')
