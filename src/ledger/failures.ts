/** Why the ledger did not do what it was asked. */
import type { EventTooLarge } from '../event-store/event-store.ts'
import type { Rejection } from '../run/decide.ts'

/** The run's history cannot be folded: the event at `revision`, of `type`, is unreadable or cannot follow. */
export type RunUnreadable = Readonly<{
  _tag: 'RunUnreadable'
  run_id: string
  revision: number
  type: string
  detail: string
}>
export type RunDeleted = Readonly<{ _tag: 'RunDeleted'; run_id: string }>

/** The command's id belongs to another command, which is stored at `revision`. */
export type IdempotencyKeyReused = Readonly<{ _tag: 'IdempotencyKeyReused'; run_id: string; revision: number }>

/**
 * `not_stored`: the command's id is new, and nothing is stored under it. `unknown`: it may be stored; the same command under
 * the same id settles it.
 */
type OutcomeOfCommand = 'not_stored' | 'unknown'

/** Others kept writing to the run, and every try lost. This attempt stored nothing; `outcome` counts earlier ones. */
export type RunContended = Readonly<{
  _tag: 'RunContended'
  outcome: OutcomeOfCommand
  run_id: string
  command_id: string
}>

/** The store did not answer in time. */
export type CommandUnavailable = Readonly<{
  _tag: 'CommandUnavailable'
  outcome: OutcomeOfCommand
  run_id: string
  command_id: string
  detail: string
}>

export type CommandFailure =
  | Rejection
  | IdempotencyKeyReused
  | EventTooLarge
  | RunUnreadable
  | RunDeleted
  | RunContended
  | CommandUnavailable

/** The run was created, or recorded, only after the moment asked for. */
export type RunNotYetCreated = Readonly<{ _tag: 'RunNotYetCreated'; run_id: string }>
/** The run has no event at this revision; `last` is its latest. */
export type NoSuchRevision = Readonly<{ _tag: 'NoSuchRevision'; run_id: string; last: number }>
export type LogUnavailable = Readonly<{ _tag: 'LogUnavailable'; detail: string }>

export type HistoryFailure =
  | Readonly<{ _tag: 'RunNotFound' }>
  | RunNotYetCreated
  | NoSuchRevision
  | RunUnreadable
  | RunDeleted
  | LogUnavailable
