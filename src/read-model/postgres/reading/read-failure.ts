/** What goes wrong while the tables are read, as a failure of the port. */
import pg from 'pg'
import { READ_MODEL_DAMAGE } from '../../queries/damage.ts'
import type { ReadModelBusy, ReadModelFailure, ReadModelUnavailable } from '../../read-model.ts'
import { failureOf, isMissingTable } from '../postgres-failure.ts'

/** Thrown by reads while the tables are made for the first time: what is there of them would be a wrong answer. */
export const beingMade = (): Error => Object.assign(new Error('the read model is being made'), { code: BEING_MADE })

/** Thrown where a rebuild has put other tables into place since this program looked last. */
export const replaced = (): Error => Object.assign(new Error('the tables were replaced'), { code: REPLACED })

const BEING_MADE = 'READ_MODEL_BEING_MADE'
const REPLACED = 'READ_MODEL_REPLACED'

/** What `error` means to who asked. Throws what is neither the server's nor the network's: that is a bug. */
export const readFailureOf = (error: unknown): ReadModelFailure => {
  if (isOfOurs(error)) return unavailable(error.message, error.code === READ_MODEL_DAMAGE)
  if (isCancelled(error) || isPoolExhausted(error)) return busy((error as Error).message)
  return unavailable(failureOf('', error).detail)
}

/** Whether the same question has a right answer on another connection, or from the tables that are there now. */
export const isWorthAnotherTry = (error: unknown): boolean =>
  isMissingTable(error) ||
  (isOfOurs(error) && error.code === REPLACED) ||
  (isConnectionLost(error) && !isPoolExhausted(error))

/** Whether the connection can go on to be used. */
export const hasServerAnswered = (error: unknown): boolean =>
  isOfOurs(error) || (error instanceof pg.DatabaseError && !isConnectionLost(error))

export const tookTooLong = (ms: number): ReadModelBusy => busy(`the query took longer than ${ms} ms`)

const unavailable = (detail: string, damaged = false): ReadModelUnavailable => ({
  _tag: 'ReadModelUnavailable',
  detail,
  damaged,
})

const busy = (detail: string): ReadModelBusy => ({ _tag: 'ReadModelBusy', detail })

const OURS: ReadonlySet<unknown> = new Set([READ_MODEL_DAMAGE, BEING_MADE, REPLACED])
const isOfOurs = (error: unknown): error is Error & Readonly<{ code: string }> =>
  error instanceof Error && 'code' in error && OURS.has(error.code)

// Error codes: postgresql.org/docs/current/errcodes-appendix.html
const QUERY_CANCELLED = '57014'
/** On a replica, a query that looks at rows which the primary has removed. */
const CONFLICT_WITH_RECOVERY = '40001'

const isCancelled = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === QUERY_CANCELLED || error.code === CONFLICT_WITH_RECOVERY)

/** Of a session: ended by its server, by an administrator, or by a crash. */
const SESSION_LOST = /^(08|57P0[1-3])/

const isConnectionLost = (error: unknown): boolean =>
  error instanceof pg.DatabaseError
    ? SESSION_LOST.test(error.code ?? '')
    : error instanceof Error && !isOfOurs(error) && !(error instanceof TypeError) && !(error instanceof RangeError)

// pg-pool tells its own refusal by its text alone.
const isPoolExhausted = (error: unknown): boolean =>
  error instanceof Error && error.message === 'timeout exceeded when trying to connect'
