/** What goes wrong while the tables are read, as a failure of the port. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { READ_MODEL_DAMAGE } from '../../queries/damage.ts'
import type { ReadModelUnavailable } from '../../read-model.ts'
import { isDamage } from '../sqlite-failure.ts'

/**
 * The result of `read`, or why the file cannot be read. Reads are synchronous and throw from deep inside SQLite, so this is
 * the one place where that becomes a value; any other exception is a bug and passes.
 */
export const reading = <Result>(read: () => Result): Either<ReadModelUnavailable, Result> => {
  try {
    return right(read())
  } catch (error) {
    if (!isFault(error)) throw error
    const damaged = error.code === READ_MODEL_DAMAGE || isDamage(error)
    return left({ _tag: 'ReadModelUnavailable', detail: error.message, damaged })
  }
}

/** Thrown by reads while the tables are made for the first time: what is there of them would be a wrong answer. */
export const beingMade = (): Error => Object.assign(new Error('the read model is being made'), { code: BEING_MADE })

const BEING_MADE = 'READ_MODEL_BEING_MADE'
const FAULTS: ReadonlySet<unknown> = new Set([READ_MODEL_DAMAGE, BEING_MADE, 'ERR_SQLITE_ERROR'])

const isFault = (error: unknown): error is Error & Readonly<{ code: unknown }> =>
  error instanceof Error && 'code' in error && FAULTS.has(error.code)
