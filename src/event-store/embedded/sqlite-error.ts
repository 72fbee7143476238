/** What SQLite's errors mean for a store. */
import { IndexDamaged } from './last-revisions.ts'

type SqliteError = Error & Readonly<{ errcode: number; errstr: string }>

// Result codes, https://www.sqlite.org/rescode.html; an extended code's low byte is its primary code.
const ERROR = 1
const BUSY = 5
const READ_ONLY = 8
const CORRUPT = 11
const FULL = 13
const CANNOT_OPEN = 14
const FORMAT = 24
const NOT_A_DATABASE = 26
const WRITE_FAILED = 778

export const isSqliteError = (error: unknown): error is SqliteError =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'

/** The file's content is at fault: no SQLite file, a broken one, or one without the log's tables. */
export const isDamage = (error: unknown): boolean =>
  error instanceof IndexDamaged ||
  (isSqliteError(error) && [ERROR, CORRUPT, FORMAT, NOT_A_DATABASE].includes(error.errcode & 0xff))

/** SQLite would have to make a file in a directory where it may not. */
export const isReadOnlyDirectory = (error: unknown): boolean =>
  isSqliteError(error) && [READ_ONLY, CANNOT_OPEN].includes(error.errcode & 0xff)

/** Another connection is in the way for a moment. */
export const isBusy = (error: unknown): boolean => isSqliteError(error) && (error.errcode & 0xff) === BUSY

/**
 * Whether a COMMIT that failed so has certainly stored nothing: its commit record was not written. After any other
 * failure, of fsync above all, the record may be in the file and come back after a crash.
 */
export const isUnwritten = (error: unknown): boolean =>
  isSqliteError(error) && (error.errcode === WRITE_FAILED || [BUSY, FULL].includes(error.errcode & 0xff))

/** The message alone, without a path; what to do where the file is damaged. */
export const detailOf = (error: unknown): string => {
  if (isDamage(error)) return `the log is damaged (${codeOrMessage(error)}): restore it from a backup`
  return codeOrMessage(error)
}

/** A code where the system has one, else the message: never a path. */
export const codeOrMessage = (error: unknown): string => {
  if (isSqliteError(error) || error instanceof IndexDamaged) return error.message
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
