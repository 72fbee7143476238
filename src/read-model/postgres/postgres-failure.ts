/** What PostgreSQL's errors mean for the read model. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import pg from 'pg'
import type { ReadModelOutOfReach } from '../projection-store.ts'

// Error codes: postgresql.org/docs/current/errcodes-appendix.html
const UNDEFINED_TABLE = '42P01'
const INVALID_SCHEMA = '3F000'
const INSUFFICIENT_PRIVILEGE = '42501'
const NO_SPACE = '53100'
const LOCK_NOT_AVAILABLE = '55P03'
/** Classes that say nothing of a statement, but of the server, the session, or what others do at the same time. */
const OF_THE_SERVER = /^(08|25|28|3D|40|53|55|57|58|XX)/

const codeOf = (error: unknown): string | undefined => (error instanceof pg.DatabaseError ? error.code : undefined)

/** Whether the tables are gone: another process has put others in their place. */
export const isMissingTable = (error: unknown): boolean => {
  const code = codeOf(error)
  return code === UNDEFINED_TABLE || code === INVALID_SCHEMA
}

/** Whether the server has no room to write. */
export const isDiskFull = (error: unknown): boolean => codeOf(error) === NO_SPACE

/** Whether another session holds a lock for longer than was waited. */
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === LOCK_NOT_AVAILABLE

// What pg says on this side of a connection that is lost, refused, silent or closed; the network's own errors have a code.
const OF_THE_CONNECTION =
  /^(connection terminated|timeout expired|timeout exceeded|query read timeout|client |the server |sasl|cannot use a pool)/i

/** Whether another try may help: the server or the network is to blame, and not the statement or this program. */
const isOutOfReach = (error: unknown): error is Error => {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  if (code !== undefined) return OF_THE_SERVER.test(code) || isMissingTable(error) || code === INSUFFICIENT_PRIVILEGE
  return OF_THE_CONNECTION.test(error.message) || ('code' in error && typeof error.code === 'string')
}

/** `error` as a failure of the read model at `path`. Throws what is neither the server's nor the network's: that is a bug. */
export const failureOf = (path: string, error: unknown): ReadModelOutOfReach => {
  if (!isOutOfReach(error)) throw error
  return { _tag: 'ReadModelOutOfReach', path, detail: error.message }
}

/** `work`, with what the server and the network throw as a failure. */
export const attempt = async <Result>(
  path: string,
  work: () => Promise<Result>,
): Promise<Either<ReadModelOutOfReach, Result>> => {
  try {
    return right(await work())
  } catch (error) {
    return left(failureOf(path, error))
  }
}
