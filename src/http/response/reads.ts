/** What all reads of the read model share: cursors, refusals, and what their answers say of themselves. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { type CursorKey, type CursorQuery, readCursor } from '../../api/cursors.ts'
import { type Problem, problem, problemOf } from '../../api/problems.ts'
import type { QuarantinedRun, ReadModelFailure } from '../../read-model/read-model.ts'
import { note } from '../request/request-log.ts'
import { refuse } from './replies.ts'

/** Where the page before ended, undefined for the first one; or that the cursor is not one of `walk`. */
export const keyOf = <Key>(
  isKey: CursorKey<Key>,
  walk: CursorQuery,
  cursor: string | undefined,
): Either<Problem, Key | undefined> => {
  if (cursor === undefined) return right(undefined)
  const key = readCursor(isKey, walk, cursor)
  return key._tag === 'Some' ? right(key.value) : left(FOREIGN_CURSOR)
}

/** Of a query parameter that a schema alone cannot judge. */
export const parameterProblem = (parameter: string, detail: string): Problem =>
  problemOf({ _tag: 'MalformedRequest', errors: [{ parameter, detail }] })

/** The answer to a read that the read model could not make; the cause is for the server's log alone. */
export const refuseRead = (request: FastifyRequest, reply: FastifyReply, failure: ReadModelFailure): string => {
  note(request, { cause: failure.detail })
  return refuse(reply, readProblem(failure))
}

export const readProblem = ({ _tag }: ReadModelFailure): Problem => (_tag === 'ReadModelBusy' ? BUSY : UNAVAILABLE)

const BUSY = problem('store-unavailable', 'the query took too long, or too many others are waiting: narrow it')
const UNAVAILABLE = problem('store-unavailable', 'the read model cannot be read')

export const NO_SUCH_RUN = problemOf({ _tag: 'RunNotFound' })

/** Why a read that needs the whole fold of a run has no answer. */
export const unreadable = (quarantined: QuarantinedRun): Problem => {
  const { run_id, revision, type, detail } = quarantined
  return deletedOf(quarantined) ?? problemOf({ _tag: 'RunUnreadable', run_id, revision, type, detail })
}

/** Why a run that cannot be read from its beginning on has no Run to show. */
export const waiting = (quarantined: QuarantinedRun): Problem => {
  const { run_id, revision, type, detail } = quarantined
  return (
    deletedOf(quarantined) ??
    problem('run-quarantined', `revision ${revision}, ${type}: ${detail}`, { run_id, revision })
  )
}

const deletedOf = ({ run_id, type }: QuarantinedRun): Problem | null =>
  type === TOMBSTONE ? problemOf({ _tag: 'RunDeleted', run_id }) : null

// What EventStoreDB puts at the end of a stream that is deleted for ever (SystemEventTypes.cs).
const TOMBSTONE = '$streamDeleted'

/** The documented headers of such an answer. */
export const MADE_AT = { 'Run-Ledger-Position': 'how far the log had been read for this answer' }

const FOREIGN_CURSOR = parameterProblem(
  'cursor',
  'is no cursor of this query: send it with the filters and sort that it came from',
)
