/** Why a read is refused: cursors, parameters, runs that cannot be shown, a read model or a log that fails. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type CursorKey, type CursorQuery, readCursor } from '../../api/cursors.ts'
import { type Problem, problem, problemOf } from '../../api/problems.ts'
import type { HistoryFailure } from '../../ledger/failures.ts'
import type { QuarantinedRun, ReadModelFailure } from '../../read-model/read-model.ts'
import type { SearchFault } from '../../search/parse.ts'
import type { Refusal } from './problem-response.ts'

/** Where the page before ended, undefined for the first page. Refused where `cursor` is not one of `walk`. */
export const keyOf = <Key>(
  isKey: CursorKey<Key>,
  walk: CursorQuery,
  cursor: string | undefined,
): E.Either<Refusal, Key | undefined> =>
  cursor === undefined
    ? E.right(undefined)
    : pipe(
        readCursor(isKey, walk, cursor),
        E.fromOption(() => ({ problem: FOREIGN_CURSOR })),
      )

/** The problem of a query parameter that a schema alone cannot check. */
export const parameterProblem = (parameter: string, detail: string): Problem =>
  problemOf({ _tag: 'MalformedRequest', errors: [{ parameter, detail }] })

/** The problem of a search that cannot be read. */
export const searchProblem = ({ column, detail }: SearchFault): Problem =>
  problemOf({ _tag: 'MalformedRequest', errors: [{ parameter: 'q', column, detail }] })

/** The refusal of a read that the read model could not make. */
export const readRefusal = (failure: ReadModelFailure): Refusal => ({
  problem: readProblem(failure),
  cause: failure.detail,
})

export const readProblem = ({ _tag }: ReadModelFailure): Problem => READ_PROBLEMS[_tag]

const BUSY = problem('store-unavailable', 'the query took too long, or too many others are waiting: narrow it')
const UNAVAILABLE = problem('store-unavailable', 'the read model cannot be read')
const TOO_EXPENSIVE = problem('query-too-expensive', 'counting what matches takes longer than 10 s')

const READ_PROBLEMS: Readonly<Record<ReadModelFailure['_tag'], Problem>> = {
  ReadModelBusy: BUSY,
  ReadModelUnavailable: UNAVAILABLE,
  QueryTooExpensive: TOO_EXPENSIVE,
}

/** The refusal of a read from the log. */
export const historyRefusal = (failure: HistoryFailure): Refusal => ({
  problem: problemOf(failure),
  ...(failure._tag === 'LogUnavailable' ? { cause: failure.detail } : undefined),
})

/** The refusal of a request for which the log could not be read; `detail` says why. */
export const logRefusal = ({ detail }: Readonly<{ detail: string }>): Refusal =>
  historyRefusal({ _tag: 'LogUnavailable', detail })

export const NO_SUCH_RUN = problemOf({ _tag: 'RunNotFound' })

/** Why a read that needs the whole history of a run is refused. */
export const unreadable = (quarantined: QuarantinedRun): Problem => {
  const { run_id, revision, type, detail } = quarantined
  return deletedOf(quarantined) ?? problemOf({ _tag: 'RunUnreadable', run_id, revision, type, detail })
}

/** Why there is no Run to show of one whose first event cannot be read. */
export const waiting = (quarantined: QuarantinedRun): Problem => {
  const { run_id, revision, type, detail } = quarantined
  return (
    deletedOf(quarantined) ??
    problem('run-quarantined', `revision ${revision}, ${type}: ${detail}`, { run_id, revision })
  )
}

/** That the run is deleted for ever; null where it is quarantined for another reason. */
export const deletedOf = ({ run_id, type }: QuarantinedRun): Problem | null =>
  type === TOMBSTONE ? problemOf({ _tag: 'RunDeleted', run_id }) : null

// What EventStoreDB puts at the end of a stream that is deleted for good (SystemEventTypes.cs).
const TOMBSTONE = '$streamDeleted'

const FOREIGN_CURSOR = parameterProblem(
  'cursor',
  'is not a cursor of this query: send it with the filters and sort that it came with',
)
