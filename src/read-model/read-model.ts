/** What the read model answers. Texts are ready to send: a Run as JSON, made of the columns without parsing them. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Position } from '../event-store/event-store.ts'
import type { Time } from '../run/time.ts'

/** A Run as the read model holds it; `quarantined` is the revision that could not be read, null for most. */
export type StoredRun = Readonly<{ run_id: string; text: string; revision: number; quarantined: number | null }>

/** Where in an order a page ends: the sort column's value and the run. */
export type SortKey = Readonly<{ value: Time; run_id: string }>

export type RunSort = 'created_at' | '-created_at' | 'last_updated_at' | '-last_updated_at'

/** Filters of different names must all hold; of the values of one, any. `after` is ≥, `before` is <. */
export type RunFilters = Readonly<{
  status?: readonly string[] | undefined
  result?: readonly string[] | undefined
  run_group_id?: readonly string[] | undefined
  policy_version_id?: readonly string[] | undefined
  created_after?: Time | undefined
  created_before?: Time | undefined
  updated_after?: Time | undefined
  updated_before?: Time | undefined
  /** Top-level keys of `run_metadata` and the text of their values. */
  metadata?: readonly (readonly [key: string, value: string])[] | undefined
}>

export type RunQuery = RunFilters &
  Readonly<{ sort: RunSort; limit: number; after?: SortKey | undefined; count: boolean }>

export type RunPage = Readonly<{
  position: Position
  runs: readonly StoredRun[]
  /** Null where nothing follows. */
  next: SortKey | null
  /** Exact, over all pages, at `position`; only where asked for. */
  count?: number
}>

export type QuarantinedRun = Readonly<{ run_id: string; revision: number; type: string; detail: string; since: Time }>

/** `lag_*` against the last of the ledger's events in the log itself, null where the log does not answer. */
export type ProjectionStatus = Readonly<{
  name: string
  version: number
  position: Position
  caught_up: boolean
  lag_seconds: number | null
  lag_events: number | null
  last_heartbeat: Time | null
  rebuilding: boolean
  quarantined: readonly QuarantinedRun[]
}>

/** A projection as the read model knows it; how far behind it is only the log can tell: see `projectionStatus`. */
export type ProjectionState = Omit<ProjectionStatus, 'caught_up' | 'lag_seconds' | 'lag_events'>

/** A query that has to look at many rows found too many others waiting, or took longer than it may. Worth another try. */
export type ReadModelBusy = Readonly<{ _tag: 'ReadModelBusy'; detail: string }>

export type ReadModel = Readonly<{
  /** Every answer names the position that the read model was at when it was made. */
  getRun: (run_id: string) => Readonly<{ position: Position; run: StoredRun | null; quarantine: QuarantinedRun | null }>
  listRuns: (query: RunQuery) => TaskEither<ReadModelBusy, RunPage>
  position: () => Position
  /** Whether the read model got to `position` within `timeout` ms. */
  waitFor: (position: Position, timeout: number) => Promise<boolean>
  projections: () => readonly ProjectionState[]
  close: () => Promise<void>
}>
