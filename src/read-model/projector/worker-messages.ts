/** What the projector's worker thread and the thread that started it tell each other. */

import type { EventStoreConfig } from '../../event-store/config.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { ProjectorFailure, ProjectorLog, RetryWhich } from './projector.ts'

export type WorkerOptions = Readonly<{ eventStore: EventStoreConfig; path: string; rebuild: boolean }>

export type Request =
  | Readonly<{ type: 'rebuild' }>
  | Readonly<{ type: 'retry'; which: RetryWhich }>
  | Readonly<{ type: 'caught_up'; position: Position }>
  | Readonly<{ type: 'set_aside'; detail: string }>

export type ToWorker = Readonly<{ id: number; request: Request }> | 'stop'

export type FromWorker =
  | Readonly<{ type: 'started' }>
  | Readonly<{ type: 'refused'; failure: ProjectorFailure }>
  | Readonly<{ type: 'alive' }>
  | Readonly<{ type: 'rebuilt'; events: number }>
  | Readonly<{ type: 'answer'; id: number; value: unknown }>
  | Readonly<{ type: 'log'; entry: Parameters<ProjectorLog>[0] }>
