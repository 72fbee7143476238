/** Problem details (RFC 9457): their form on the wire, and the problem of each failure. */
import { z } from 'zod'
import type { Rejection } from '../run/decide.ts'
import type { MalformedJson, NotIJson } from '../run/parse-json.ts'
import { PROBLEMS, type ProblemKind, type Slug } from './problem-kinds.ts'

/** One field, parameter or header at fault. `pointer` is a JSON Pointer (RFC 6901) into the body. */
export const Fault = z.union([
  z.object({ pointer: z.string(), detail: z.string() }),
  z.object({
    parameter: z.string(),
    column: z.int().optional().meta({ description: 'of `q`: where, in code points from 1 on' }),
    detail: z.string(),
  }),
  z.object({ header: z.string(), detail: z.string() }),
])
export type Fault = Readonly<z.infer<typeof Fault>>

export const Problem = z
  .object({
    type: z
      .string()
      .meta({ description: '`/problems/<slug>`, a page that explains it', example: '/problems/run-not-found' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z.array(Fault).readonly().optional().meta({ description: 'the fields at fault' }),
    run_id: z.string().optional(),
    command_id: z.string().optional().meta({ description: 'repeat the request with this as the Idempotency-Key' }),
    current_status: z.string().optional().meta({ description: 'the current status of the run' }),
    revision: z
      .int()
      .optional()
      .meta({ description: 'the current revision of the run, or the revision that cannot be read' }),
    outcome: z.enum(['not_stored', 'unknown']).optional().meta({ description: 'whether the command was stored' }),
    request_id: z.string().optional().meta({ description: "the id under which the server's log has the cause" }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' })
export type Problem = Readonly<z.infer<typeof Problem>>

/** The members beside `type`, `title`, `status` and `detail`. */
export type ProblemMembers = Omit<Problem, 'type' | 'title' | 'status' | 'detail'>

/**
 * Every failure that becomes a problem, with the fields that problems show. The ledger's failures are assignable to it, so
 * that clients can use this file without the ledger.
 */
export type Failure =
  | Rejection
  | MalformedJson
  | NotIJson
  | Readonly<{ _tag: 'Invalid'; errors: readonly Fault[] }>
  | Readonly<{ _tag: 'MalformedRequest'; errors: readonly Fault[] }>
  | Readonly<{ _tag: 'BodyTooLarge'; limit: number }>
  | Readonly<{ _tag: 'EventTooLarge'; bytes: number }>
  | Readonly<{ _tag: 'IdempotencyKeyReused'; run_id: string; revision: number }>
  | Readonly<{ _tag: 'RunUnreadable'; run_id: string; revision: number; type: string; detail: string }>
  | Readonly<{ _tag: 'RunDeleted'; run_id: string }>
  | Readonly<{ _tag: 'RunContended'; outcome: 'not_stored' | 'unknown'; run_id: string; command_id: string }>
  | Readonly<{ _tag: 'CommandUnavailable'; outcome: 'not_stored' | 'unknown'; run_id: string; command_id: string }>
  | Readonly<{ _tag: 'RunNotYetCreated'; run_id: string }>
  | Readonly<{ _tag: 'NoSuchRevision'; run_id: string; last: number }>
  | Readonly<{ _tag: 'LogUnavailable' }>

/** A problem of this kind. `detail` describes this occurrence. Callers see it, so it must hold nothing internal. */
export const problem = (slug: Slug, detail: string, members?: ProblemMembers): Problem => {
  const { title, status } = PROBLEMS[slug]
  return { type: TYPE_PREFIX + slug, title, status, detail, ...members }
}

/** The row of the table for `problem`. */
export const kindOf = ({ type }: Problem): ProblemKind => PROBLEMS[type.slice(TYPE_PREFIX.length) as Slug]

/** The problem for `failure`. */
export const problemOf = (failure: Failure): Problem => {
  switch (failure._tag) {
    case 'MalformedJson':
      return problem('malformed-json', failure.detail)
    case 'NotIJson':
      return problem('not-i-json', failure.detail, { errors: [{ pointer: failure.pointer, detail: failure.detail }] })
    case 'Invalid':
      return problem('invalid', summaryOf(failure.errors), { errors: failure.errors })
    case 'MalformedRequest':
      return problem('malformed-request', summaryOf(failure.errors), { errors: failure.errors })
    case 'BodyTooLarge':
      return problem('body-too-large', `at most ${failure.limit} bytes are taken`)
    case 'EventTooLarge':
      return problem('event-too-large', `the event would take ${failure.bytes} bytes, at most 1000000 are taken`)
    case 'OccurredAtInFuture':
    case 'MetadataTooLarge':
      return problemOfField(failure)
    case 'RunExists':
    case 'RunNotStarted':
    case 'RunAlreadyStarted':
    case 'RunCompleted':
    case 'TimeRunsBackwards':
    case 'RunFull':
      return problem(CONFLICTS[failure._tag], failure.detail, {
        current_status: failure.status,
        revision: failure.revision,
      })
    case 'WrongRevision':
      return problem('wrong-revision', `the run is at revision ${failure.revision}, not ${failure.expected}`, {
        current_status: failure.status,
        revision: failure.revision,
      })
    default:
      return problemOfRun(failure)
  }
}

const TYPE_PREFIX = '/problems/'

const CONFLICTS = {
  RunExists: 'run-exists',
  RunNotStarted: 'run-not-started',
  RunAlreadyStarted: 'run-already-started',
  RunCompleted: 'run-completed',
  TimeRunsBackwards: 'time-runs-backwards',
  RunFull: 'run-full',
} as const satisfies Record<string, Slug>

type OfField = Extract<Failure, { _tag: 'OccurredAtInFuture' | 'MetadataTooLarge' }>

const problemOfField = (failure: OfField): Problem => {
  if (failure._tag === 'OccurredAtInFuture') {
    const detail = `${failure.occurred_at} is more than 5 minutes ahead of the ledger's clock, ${failure.received_at}`
    return problem('occurred-at-in-future', detail, { errors: [{ pointer: '/occurred_at', detail }] })
  }
  const detail = `run_metadata would take ${failure.bytes} bytes, at most 262144 are taken`
  return problem('metadata-too-large', detail, { errors: [{ pointer: '/run_metadata', detail }] })
}

type OfRun = Extract<
  Failure,
  {
    _tag:
      | 'RunNotFound'
      | 'RunNotYetCreated'
      | 'NoSuchRevision'
      | 'RunDeleted'
      | 'IdempotencyKeyReused'
      | 'RunUnreadable'
      | 'RunContended'
      | 'CommandUnavailable'
      | 'LogUnavailable'
  }
>

/** Failures of the run or its store, not of the request. */
const problemOfRun = (failure: OfRun): Problem => {
  switch (failure._tag) {
    case 'RunNotFound':
      return problem('run-not-found', 'no run has this id')
    case 'RunNotYetCreated':
      return problem(
        'run-not-yet-created',
        'the run was created, or recorded by the ledger, after the requested moment',
        ofRun(failure),
      )
    case 'NoSuchRevision':
      return problem('not-found', `the run has no such revision: its last is ${failure.last}`, ofRun(failure))
    case 'RunDeleted':
      return problem('run-deleted', 'the stream of the run was deleted', ofRun(failure))
    case 'IdempotencyKeyReused':
      return problem('idempotency-key-reused', `another command is stored under this key, at ${failure.revision}`, {
        ...ofRun(failure),
        revision: failure.revision,
      })
    case 'RunUnreadable':
      return problem('run-unreadable', `revision ${failure.revision}, ${failure.type}: ${failure.detail}`, {
        ...ofRun(failure),
        revision: failure.revision,
      })
    case 'RunContended':
      return problem('run-contended', `other writers won every try; ${OUTCOMES[failure.outcome]}`, {
        ...ofRun(failure),
        command_id: failure.command_id,
        outcome: failure.outcome,
      })
    case 'CommandUnavailable':
      return problem('store-unavailable', OUTCOMES[failure.outcome], {
        ...ofRun(failure),
        command_id: failure.command_id,
        outcome: failure.outcome,
      })
    case 'LogUnavailable':
      return problem('store-unavailable', 'the log did not answer in time')
    default:
      return failure satisfies never
  }
}

const OUTCOMES = {
  not_stored: 'the command was not stored: send it again',
  unknown: 'it is not known whether the command was stored: repeat it with this run_id and command_id',
}

const ofRun = ({ run_id }: { run_id: string }) => ({ run_id })

/** All faults in one line, for clients that do not read `errors`. */
const summaryOf = (errors: readonly Fault[]): string => errors.map(placed).join('; ')

const placed = (fault: Fault): string => {
  const place = placeOf(fault)
  return place === '' ? fault.detail : `${place}: ${fault.detail}`
}

const placeOf = (fault: Fault): string => {
  if ('pointer' in fault) return fault.pointer
  if ('header' in fault) return fault.header
  return fault.column === undefined ? fault.parameter : `${fault.parameter}, column ${fault.column}`
}
