/** Starts the projector: a worker thread that follows the log and keeps the read model. */
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Position } from '../event-store/event-store.ts'
import type { EventStoreConfig, OpenFailure } from '../event-store/open.ts'
import type { ReadModelDamaged } from './open.ts'
import type { QuarantinedRun } from './read-model.ts'

export type ProjectorOptions = Readonly<{
  eventStore: EventStoreConfig
  /** The SQLite file; made where it is missing. */
  path: string
  /** Begin a rebuild at once; one that was cut off goes on in any case. */
  rebuild?: boolean
  log?: ProjectorLog
}>

export type ProjectorLog = (entry: Readonly<{ level: 'info' | 'warn' | 'error'; message: string }>) => void

/** The tables were made of another log, or of more of this one than there is now: `projections rebuild` makes them again. */
export type CheckpointBeyondHead = Readonly<{
  _tag: 'CheckpointBeyondHead'
  path: string
  checkpoint: Position
  head: Position
  detail: string
}>

/** `StoreInUse` where another process keeps this read model. */
export type ProjectorFailure = OpenFailure | ReadModelDamaged | CheckpointBeyondHead

export type Rebuilt = Readonly<{ position: Position; events: number; seconds: number }>
export type Retried = Readonly<{ recovered: readonly string[]; quarantined: readonly QuarantinedRun[] }>

export type Projector = Readonly<{
  /** Whether the worker runs and has shown a sign of life lately. */
  alive: () => boolean
  /** Makes the tables again beside the live ones; answers once they took their place. Joins a rebuild under way. */
  rebuild: () => Promise<Rebuilt>
  /** Tries quarantined runs again. `quarantined`: those that still cannot be read. */
  retry: (which: 'all' | Readonly<{ run_id: string }>) => Promise<Retried>
  /** Whether the tables got to `position`; false where the projector was stopped before. */
  caughtUpTo: (position: Position) => Promise<boolean>
  /** Finishes the batch under way and lets go of the file. */
  stop: () => Promise<void>
}>

export declare const startProjector: (options: ProjectorOptions) => TaskEither<ProjectorFailure, Projector>
