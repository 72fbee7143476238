/**
 * The port for reading: one asynchronous method for each question. Items carry their JSON as `text`, ready to be sent or
 * joined without parsing.
 */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Position } from '../event-store/event-store.ts'
import type { Time } from '../run/time.ts'
import type { Search } from '../search/syntax.ts'

/** A Run as the read model holds it. `quarantined`: the revision that could not be read, null for most runs. */
export type StoredRun = Readonly<{ run_id: string; text: string; revision: number; quarantined: number | null }>

/**
 * A run that is looked up by its id: `run` is null where nothing of it can be shown, `quarantine` says why it stopped, null
 * where it did not.
 */
export type RunRead = Readonly<{ position: Position; run: StoredRun | null; quarantine: QuarantinedRun | null }>

/** Where in an order a page ends: the sort column's value and the run. */
export type SortKey = Readonly<{ value: Time; run_id: string }>

export type RunSort = 'created_at' | '-created_at' | 'last_updated_at' | '-last_updated_at'

/** Filters of different names must all hold; of the values of one, any. `after` is ≥, `before` is <. */
export type RunFilters = Readonly<{
  run_id?: readonly string[] | undefined
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

/** Which past: as it stood then in the world, as the ledger knew it then, or, where both are given, the shorter history. */
export type RunMoment = Readonly<{ as_of?: Time | undefined; known_at?: Time | undefined }>

/**
 * In a past moment every run is as it stood then, and all filters but `metadata` apply to it as it stood: `q`, which must be
 * true of it, sees its metadata as they stood, too.
 */
export type RunQuery = RunFilters &
  RunMoment &
  Readonly<{ q?: Search | undefined; sort: RunSort; limit: number; after?: SortKey | undefined; count: boolean }>

export type RunPage = Readonly<{
  position: Position
  runs: readonly StoredRun[]
  /** Null where nothing follows. */
  next: SortKey | null
  /** Exact, over all pages, at `position`; only where asked for. */
  count?: number
}>

export type EntrySort = 'position' | '-position' | 'occurred_at' | '-occurred_at'

/** Filters of different names must all hold; of the values of one, any. `after` is ≥, `before` is <. */
export type EntryFilters = Readonly<{
  actor?: readonly string[] | undefined
  type?: readonly string[] | undefined
  run_id?: readonly string[] | undefined
  policy_version_id?: readonly string[] | undefined
  run_group_id?: readonly string[] | undefined
  command_id?: readonly string[] | undefined
  correlation_id?: readonly string[] | undefined
  /** What the event set. */
  status?: readonly string[] | undefined
  result?: readonly string[] | undefined
  /** Of what it changed, JSON Pointers into the Run; one that ends in `*` stands for all that begin so. */
  path?: readonly string[] | undefined
  /** Parts of its reason. */
  reason?: readonly string[] | undefined
  occurred_after?: Time | undefined
  occurred_before?: Time | undefined
  recorded_after?: Time | undefined
  recorded_before?: Time | undefined
}>

/** Where in an order a page ends: `value` is the position or `occurred_at`, as the sort says ('' for an unreadable one). */
export type EntryKey = Readonly<{ value: string; position: Position }>

/** `text`: the Entry as JSON, ready to send. */
export type StoredEntry = Readonly<{ position: Position; type: string; text: string }>

/** `until`: only entries at positions up to and with it. */
export type EntryQuery = EntryFilters &
  Readonly<{ sort: EntrySort; limit: number; after?: EntryKey | undefined; until?: Position | undefined }>

/** A page may be short, even empty; only where `next` is null nothing follows. */
export type EntryPage = Readonly<{ position: Position; entries: readonly StoredEntry[]; next: EntryKey | null }>

/** A page of a run's audit trail. `text`: its Entries as JSON, joined by commas; empty where there is none. */
export type TrailPage = Readonly<{ position: Position; text: string; next: EntryKey | null }>

/**
 * A page of a replay. `text`: its steps `{revision, entry, run}` as JSON, joined by commas; `run` is the Run after the event,
 * null where the run cannot be read as far as it. `next`: the revision to go on from; null where nothing follows. `exists`:
 * whether the log has any event of the run.
 */
export type StepPage = Readonly<{
  position: Position
  exists: boolean
  text: string
  next: number | null
  quarantine: QuarantinedRun | null
}>

export type RunCounts = Readonly<{
  runs: number
  /** Only statuses that some run has, by name. */
  by_status: Readonly<Record<string, number>>
  /** Of the run that was created first. */
  created_at: Time
  /** Of the run that changed last. */
  last_updated_at: Time
}>

/** `group` is null where no run is in it. The group's runs themselves come by `listRuns`. */
export type GroupRead = Readonly<{ position: Position; group: RunCounts | null }>

/** `error_rate`: failures among the completed runs, null where none completed. */
export type ListedCounts = RunCounts & Readonly<{ id: string; error_rate: number | null }>

/** Run groups, or policy versions, by id. */
export type CountsQuery = Readonly<{ after?: string | undefined; limit: number }>

/** `next`: the id after which the next page begins, null where nothing follows. */
export type CountsPage = Readonly<{ position: Position; counts: readonly ListedCounts[]; next: string | null }>

/** `from` and `to` are on an edge of `bucket`; without them from the first run to the last. */
export type PolicyStatsQuery = Readonly<{
  policy_version_id: string
  from?: Time | undefined
  to?: Time | undefined
  bucket: 'hour' | 'day' | 'total'
}>

/** Counted in the bucket of a run's `created_at`. Rates, shares and durations are null where no run completed. */
export type PolicyBucket = Readonly<{
  from: Time
  to: Time
  runs: number
  by_status: Readonly<Record<string, number>>
  error_rate: number | null
  results: readonly Readonly<{ result: string | null; count: number; share: number }>[]
  /** In ms; percentiles by nearest rank, within 1 % of the exact ones. */
  duration_ms: Readonly<{
    count: number
    mean: number | null
    min: number | null
    max: number | null
    p50: number | null
    p95: number | null
    p99: number | null
  }>
  /** By terminal status; only those that some run came to. */
  mean_ms_by_status: Readonly<Record<string, number>>
}>

/** Only buckets in which runs were created, in the order of time. */
export type PolicyStats = Readonly<{ position: Position; buckets: readonly PolicyBucket[] }>

/** `from` ≤ created_at < `to` of the groups' first run of `policy_version_id`; `after`: a group's id. */
export type AgreementQuery = Readonly<{
  policy_version_id: string
  with: string
  from?: Time | undefined
  to?: Time | undefined
  limit: number
  after?: string | undefined
}>

/** A completed run of a group. `duration_ms`: from its creation to its completion. */
export type CompletedRun = Readonly<{ run_id: string; result: string | null; duration_ms: number; created_at: Time }>

export type DifferingGroup = Readonly<{ run_group_id: string; run: CompletedRun; with: CompletedRun }>

/** Of the groups that have a completed run of each version. */
export type Agreement = Readonly<{
  position: Position
  /** With one completed run of each: their results are compared. */
  compared: number
  /** With several completed runs of one version: which of them decided cannot be said. */
  ambiguous: number
  /** How many of those compared have these results; the most frequent first. */
  results: readonly Readonly<{ result: string | null; with_result: string | null; count: number }>[]
  /** Duration of the run of `with` minus that of the other, in ms; percentiles by nearest rank. Null where none is compared. */
  duration_difference_ms: Readonly<{
    mean: number | null
    min: number | null
    max: number | null
    p50: number | null
    p95: number | null
    p99: number | null
  }>
  /** Those compared whose results differ, by id. */
  groups: readonly DifferingGroup[]
  /** Null where nothing follows. */
  next: string | null
}>

export type QuarantinedRun = Readonly<{ run_id: string; revision: number; type: string; detail: string; since: Time }>

/**
 * A part of the tables, which one process projects: `owner` is that process's id, null where no living process has the part.
 */
export type PartState = Readonly<{ part: number; owner: string | null; position: Position }>

/** `lag_*` as for a projection. */
export type PartStatus = PartState & Readonly<{ lag_seconds: number | null; lag_events: number | null }>

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
  /** The slowest first; of the fold alone, since all projections of a part are written together. Only where there are several. */
  parts?: readonly PartStatus[] | undefined
}>

/** A projection as the read model knows it; how far behind it is only the log can tell: see `projectionStatus`. */
export type ProjectionState = Omit<ProjectionStatus, 'caught_up' | 'lag_seconds' | 'lag_events' | 'parts'> &
  Readonly<{ parts?: readonly PartState[] }>

/** All projections; `position` is how far all of them have got. */
export type ProjectionsRead = Readonly<{ position: Position; projections: readonly ProjectionState[] }>

/** A query that has to look at many rows found too many others waiting, or took longer than it may. Worth another try. */
export type ReadModelBusy = Readonly<{ _tag: 'ReadModelBusy'; detail: string }>

/** The tables cannot be read: damaged, being made, or out of reach. `detail` is for the log alone. */
export type ReadModelUnavailable = Readonly<{ _tag: 'ReadModelUnavailable'; detail: string; damaged: boolean }>

/** Counting what a search finds took longer than it may. */
export type QueryTooExpensive = Readonly<{ _tag: 'QueryTooExpensive'; detail: string }>

export type ReadModelFailure = ReadModelBusy | ReadModelUnavailable | QueryTooExpensive

export type Answer<Read> = TaskEither<ReadModelFailure, Read>

/** Every answer names the position that the read model was at when it was made. */
export type ReadModel = Readonly<{
  getRun: (run_id: string) => Answer<RunRead>
  listRuns: (query: RunQuery) => Answer<RunPage>
  listEntries: (query: EntryQuery) => Answer<EntryPage>
  /** The Entries of one run, oldest first. */
  listTrail: (run_id: string, options: Readonly<{ after?: EntryKey | undefined; limit: number }>) => Answer<TrailPage>
  /** The steps of one run, from revision `from` on. */
  listSteps: (run_id: string, options: Readonly<{ from: number; limit: number }>) => Answer<StepPage>
  getRunGroup: (run_group_id: string) => Answer<GroupRead>
  listRunGroups: (query: CountsQuery) => Answer<CountsPage>
  listPolicyVersions: (query: CountsQuery) => Answer<CountsPage>
  policyStats: (query: PolicyStatsQuery) => Answer<PolicyStats>
  agreement: (query: AgreementQuery) => Answer<Agreement>
  projections: () => Answer<ProjectionsRead>
  position: () => Answer<Position>
  /** Whether the read model got to `position` within `timeout` ms; false, too, where it cannot be read. */
  waitFor: (position: Position, timeout: number) => Promise<boolean>
  close: () => Promise<void>
}>
