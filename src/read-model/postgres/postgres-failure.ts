/** What PostgreSQL's errors mean for the read model. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import pg from 'pg'
import type { ReadModelOutOfReach } from '../projection-store.ts'

// Error codes: postgresql.org/docs/current/errcodes-appendix.html
const UNDEFINED_TABLE = '42P01'
const INVALID_SCHEMA = '3F000'
const INSUFFICIENT_PRIVILEGE = '42501'
const NO_SPACE = '53100'
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

/** Whether the server answered and refused the statement itself: that is a bug of this program. */
const isBug = (error: unknown): boolean => {
  if (!(error instanceof Error)) return true
  const code = codeOf(error)
  // What is no DatabaseError was said by this side: a connection that is lost, refused or silent.
  if (code === undefined) return error instanceof TypeError || error instanceof RangeError
  return !OF_THE_SERVER.test(code) && !isMissingTable(error) && code !== INSUFFICIENT_PRIVILEGE
}

/** `error` as a failure of the read model at `path`. Throws what is neither the server's nor the network's: that is a bug. */
export const failureOf = (path: string, error: unknown): ReadModelOutOfReach => {
  if (isBug(error)) throw error
  return { _tag: 'ReadModelOutOfReach', path, detail: (error as Error).message }
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
