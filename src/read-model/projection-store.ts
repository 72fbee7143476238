/** The port for writing: where the rows go that the log is projected into. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { ChangeSet } from '../../projections/collect-changes.ts'
import { type Position, START, type StoredEvent } from '../event-store/event-store.ts'
import type { Run } from '../run/run.ts'
import type { QuarantinedRun } from './read-model.ts'

/** The file is no intact read model. It can be deleted: the projector makes it again from the log. */
export type ReadModelDamaged = Readonly<{ _tag: 'ReadModelDamaged'; path: string; detail: string }>

/** The tables cannot be written or read now: a full disk, for one. Nothing was written. Worth another try. */
export type ReadModelOutOfReach = Readonly<{ _tag: 'ReadModelOutOfReach'; path: string; detail: string }>

export type ProjectionStoreFailure = ReadModelDamaged | ReadModelOutOfReach

/** The checkpoint is not where the batch began: someone else has written. Nothing was written. */
export type FenceLost = Readonly<{ _tag: 'FenceLost' }>

export type CommitFailure = ProjectionStoreFailure | FenceLost

/** How far a set of tables has got. All projections are written together, so they have got equally far. */
export type Checkpoint = Readonly<{
  /** Whether the tables are of the versions that this program has. */
  isCurrent: boolean
  /** Which of the sets of tables made so far this one is. */
  generation: number
  position: Position
  /** Of the last event that was folded: `position` also goes past events that are not the ledger's. */
  last_event_position: Position
  /** That event's id, stream and revision: another event there means another log. Null before the first event. */
  event_id: string | null
  event_stream: string | null
  event_revision: number | null
  /** The id of the log's first event, which is the ledger's identity. Null before the first event. */
  first_event_id: string | null
}>

/** A run as folded so far. */
export type RunState = Readonly<{
  run: Run | null
  /** Of its last event that could be read, -1 before the first. */
  revision: number
  /** The latest `recorded_at` of its events, '' before the first. */
  known_from: string
  quarantined: boolean
  /** About the length of its `input_data` as JSON: with its metadata a measure of what it takes in memory. */
  inputCharacters: number
}>

/** Run states by run id. A run that the tables do not have is there as `UNKNOWN_RUN`. */
export type RunStates = ReadonlyMap<string, RunState>

export const UNKNOWN_RUN: RunState = { run: null, revision: -1, known_from: '', quarantined: false, inputCharacters: 0 }

/**
 * How far one part of the tables has got: each run belongs to one part. The epoch goes up with the part's owner. SQLite has
 * one part, 0, whose epoch is the generation.
 */
export type PartMark = Readonly<{ part: number; epoch: number; position: Position }>

/** The position that all parts have reached. */
export const lowestOf = (parts: readonly PartMark[]): Position =>
  parts.reduce((lowest, { position }) => (position < lowest ? position : lowest), parts[0]?.position ?? START)

/** What a part's mark must be before a batch, and where the part is after it. */
export type Fence = Readonly<{ part: number; epoch: number; from: Position; to: Position }>

/** What an event is recognized by. */
export type EventMark = Pick<StoredEvent, 'position' | 'event_id' | 'stream' | 'revision'>

/** The last event of a batch, the first that was seen since the part's mark was read, and how many there are. */
export type BatchEvents = Readonly<{ first: EventMark; last: EventMark; count: number }>

/** A batch: all of it is written or nothing. */
export type Batch = Readonly<{
  fences: readonly Fence[]
  /** Null where it has no events. */
  events: BatchEvents | null
  /** Made while they are written, so that they are never all in memory. Returns the runs that they have changed. */
  changes: Generator<ChangeSet, RunStates>
}>

/** Looks up the states of runs, in the order asked for: fewer of them where their JSON exceeds `mostCharacters`, but at least one. */
export type LoadStates = (
  run_ids: readonly string[],
  mostCharacters: number,
) => TaskEither<ProjectionStoreFailure, RunStates>

/** Where states of runs are looked up beside their writer. */
export type StateStore = Pick<TableSet, 'partOf' | 'loadStates'> & Readonly<{ close: () => void }>

/** One set of the projected tables. */
export type TableSet = Readonly<{
  /** Null before the tables are begun. */
  checkpoint: TaskEither<ProjectionStoreFailure, Checkpoint | null>
  /** Where all parts are; none before the tables are begun. */
  parts: TaskEither<ProjectionStoreFailure, readonly PartMark[]>
  /** The part that a run belongs to. */
  partOf: (run_id: string) => number
  loadStates: LoadStates
  commit: (batch: Batch) => TaskEither<CommitFailure, RunStates>
  /** All quarantined runs, by id. */
  quarantined: TaskEither<ProjectionStoreFailure, readonly QuarantinedRun[]>
}>

/** Does one step of work that may be long, so that other work gets its turn in between. What was cut off goes on at the next call. */
export type Steps = TaskEither<ProjectionStoreFailure, 'more' | 'done'>

export type ProjectionStore = Readonly<{
  /** The tables that are read. */
  live: TableSet
  /** Those that a rebuild makes beside them. */
  next: TableSet
  /** Begins empty live tables at the log's beginning. */
  beginLive: TaskEither<ProjectionStoreFailure, Checkpoint>
  /** Says that the projector lives. */
  heartbeat: TaskEither<ProjectionStoreFailure, void>
  /** Begins empty next tables at the log's beginning; what another rebuild has made so far goes. */
  beginNext: TaskEither<ProjectionStoreFailure, Checkpoint>
  /** Makes the indexes of the next tables. */
  indexNext: Steps
  /** Puts the next tables into the place of the live ones, at once. */
  switchToNext: TaskEither<ProjectionStoreFailure, void>
  /** Drops what a rebuild has replaced. */
  dropReplaced: Steps
  close: () => void
}>
