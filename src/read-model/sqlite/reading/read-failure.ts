/** What goes wrong while the tables are read, as a failure of the port. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { READ_MODEL_DAMAGE } from '../../queries/damage.ts'
import type { ReadModelUnavailable } from '../../read-model.ts'

/**
 * The result of `read`, or why the file cannot be read. Reads are synchronous and throw from deep inside SQLite, so this is
 * the one place where that becomes a value; any other exception is a bug and passes.
 */
export const reading = <Result>(read: () => Result): Either<ReadModelUnavailable, Result> => {
  try {
    return right(read())
  } catch (error) {
    if (!isFault(error)) throw error
    return left({ _tag: 'ReadModelUnavailable', detail: error.message })
  }
}

const isFault = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && (error.code === READ_MODEL_DAMAGE || error.code === 'ERR_SQLITE_ERROR')
