/** What SQLite's errors mean for the read model. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { ProjectionStoreFailure } from '../projection-store.ts'

type SqliteError = Error & Readonly<{ errcode: number }>

const isSqliteError = (error: unknown): error is SqliteError =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'

// Result codes (sqlite.org/rescode.html); the low byte of an extended code is its primary code.
const CORRUPT = 11
const NOT_A_DATABASE = 26

/** Whether the content of the file is at fault, and not the disk, a lock or a permission. */
export const isDamage = (error: unknown): boolean =>
  isSqliteError(error) && [CORRUPT, NOT_A_DATABASE].includes(error.errcode & 0xff)

/** `error` as a failure of the read model at `path`. Throws what SQLite has not thrown: that is a bug. */
export const failureOf = (path: string, error: unknown): ProjectionStoreFailure => {
  if (!isSqliteError(error)) throw error
  return { _tag: isDamage(error) ? 'ReadModelDamaged' : 'ReadModelOutOfReach', path, detail: error.message }
}

/** `work`, with what SQLite throws as a failure. */
export const attempt = <Result>(path: string, work: () => Result): Either<ProjectionStoreFailure, Result> => {
  try {
    return right(work())
  } catch (error) {
    return left(failureOf(path, error))
  }
}
