/** The projector: a worker thread that follows the log and keeps the read model. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { EventStoreConfig, OpenFailure } from '../../event-store/config.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { CommitFailure, ProjectionStoreFailure } from '../projection-store.ts'
import type { QuarantinedRun } from '../read-model.ts'
import type { NotOfThisLog } from './ledger-check.ts'

export type ProjectorOptions = Readonly<{
  eventStore: EventStoreConfig
  /** The SQLite file; made where it is missing. */
  path: string
  /** Begin a rebuild at once; one that was cut off goes on in any case. */
  rebuild?: boolean
  /** Called by a rebuild with how many events it has folded since it started. */
  onRebuilt?: (events: number) => void
  log?: ProjectorLog
}>

export type ProjectorLog = (entry: Readonly<{ level: 'info' | 'warn' | 'error'; message: string }>) => void

/** `StoreInUse` where another process keeps this read model. */
export type ProjectorFailure = OpenFailure | ProjectionStoreFailure | (NotOfThisLog & Readonly<{ path: string }>)

export type Rebuilt = Readonly<{ position: Position; events: number; seconds: number }>
export type RetryWhich = 'all' | Readonly<{ run_id: string }>
/** `quarantined`: all those that cannot be read, also where only one was tried. */
export type Retried = Readonly<{ recovered: readonly string[]; quarantined: readonly QuarantinedRun[] }>

/** The projector was stopped before it could answer. A rebuild goes on when it starts again. */
export type ProjectorStopped = Readonly<{ _tag: 'ProjectorStopped' }>

/** Why runs were not tried again: the tables could not be written, or someone else has written them. */
export type RetryFailure = ProjectorStopped | CommitFailure

export type Projector = Readonly<{
  /** Whether the worker runs and has shown a sign of life lately. */
  alive: () => boolean
  /** Makes the tables again beside the live ones; returns once they took their place. Joins a rebuild under way. */
  rebuild: () => TaskEither<ProjectorStopped, Rebuilt>
  /** Tries quarantined runs again. */
  retry: (which: RetryWhich) => TaskEither<RetryFailure, Retried>
  /** The read model was found damaged, as `detail` says: sets it aside and makes another one in its place. */
  replaceDamaged: (detail: string) => TaskEither<ProjectorStopped, void>
  /** Whether the tables got to `position`; false where the projector was stopped before. */
  caughtUpTo: (position: Position) => Promise<boolean>
  /** Records the address that the owner serves, for programs that find the read model in use. */
  announce: (url: string) => void
  /** Finishes the batch under way and lets go of the file. A second call does nothing. */
  stop: () => Promise<void>
}>
