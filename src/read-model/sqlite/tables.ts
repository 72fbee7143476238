/** The read model's tables and indexes. They can be made again from the log at any time, so they may change at will. */

/** One column a field of the Run; JSON as text, passed on to readers as it is. */
export type RunRow = Readonly<{
  run_id: string
  run_group_id: string | null
  policy_version_id: string
  status: string
  result: string | null
  input_data: string
  run_metadata: string
  created_at: string
  started_at: string | null
  last_updated_at: string
  revision: number
  /** Of all its events so far, the latest: inside a run what is known only grows. */
  last_recorded_at: string
}>

/**
 * An event's place in the audit trail, with what is searched for: '' where `occurred_at` cannot be read. And which version of
 * its run the event made: it stood so from `occurred_at` in the world, from `known_from` for the ledger, until the next
 * revision's. These are half-open intervals, whose ends stand in that row.
 */
export type EntryRow = Readonly<{
  position: number
  run_id: string
  revision: number
  type: string
  actor: string | null
  occurred_at: string
  recorded_at: string
  /** Null, as all after it, where the run cannot be read as far as this. */
  known_from: string | null
  /** Of the Run after the event, as the two after it. */
  status: string | null
  result: string | null
  started_at: string | null
  /** 1 where the version's metadata are kept, 0 where they are to be folded, null where the event did not change them. */
  metadata_kept: number | null
}>

/**
 * An Entry as JSON, and the version's metadata where `metadata_kept` is 1. They stand apart, so that whoever looks through many
 * entries reads only what is searched for. `event_metadata`: the event's own metadata as stored, where the Run after it has
 * more than `SMALL_METADATA` characters of `run_metadata`.
 */
type EntryTextRow = Readonly<{
  position: number
  entry: string
  run_metadata: string | null
  event_metadata: string | null
}>

/** Finds the entries of a command or correlation id by `hashOf` it; two ids may share one. */
type EntryIdRow = Readonly<{ hash: number; position: number }>

type GroupRow = Readonly<{ run_group_id: string; runs: number; created_at: string; last_updated_at: string }>
type GroupStatusRow = Readonly<{ run_group_id: string; status: string; runs: number }>

type PolicyVersionRow = Readonly<{
  policy_version_id: string
  runs: number
  created_at: string
  last_updated_at: string
}>
type PolicyVersionStatusRow = Readonly<{ policy_version_id: string; status: string; runs: number }>

/** How many runs of a policy version, created in an hour, have a status, a result, or a duration in a bin of the sketch. */
type PolicyFigureRow = Readonly<{
  policy_version_id: string
  hour: string
  figure: 'status' | 'result' | 'bin'
  name: string
  runs: number
}>

/** In ms, of the runs that completed. The sum is exact up to 2^53. */
type PolicyDurationRow = Readonly<{
  policy_version_id: string
  hour: string
  sum: number
  least: number
  greatest: number
}>

/** A top-level key of a run's metadata whose value is a scalar: see `metadataTexts`. */
type MetadataValueRow = Readonly<{ key: string; value: string; created_at: string; run_id: string }>

/** A run that cannot be read from `revision` on. */
export type QuarantineRow = Readonly<{ run_id: string; revision: number; type: string; detail: string; since: string }>

/** How far a projection's tables have got. */
export type CheckpointRow = Readonly<{
  name: string
  version: number
  /** Tells the indexes of these tables from those of the tables that will take their place. */
  generation: number
  position: string
  /** Of the last event that was folded: `position` also goes past events that are not the ledger's. */
  last_event_position: string
  /** The id of that event: another event at this position means another log. Null before the first event. */
  event_id: string | null
  /** The id of the log's first event, which is the ledger's identity. Null before the first event. */
  first_event_id: string | null
}>

type ProjectionRow = CheckpointRow & Readonly<{ last_heartbeat: string | null }>

/** The tables that one rebuild makes together, by the names of the live ones. */
type Projected = Readonly<{
  runs: RunRow
  metadata_values: MetadataValueRow
  quarantine: QuarantineRow
  entries: EntryRow
  entry_texts: EntryTextRow
  entry_ids: EntryIdRow
  run_groups: GroupRow
  run_group_statuses: GroupStatusRow
  policy_versions: PolicyVersionRow
  policy_version_statuses: PolicyVersionStatusRow
  policy_figures: PolicyFigureRow
  policy_durations: PolicyDurationRow
}>

export type Database = Projected &
  Readonly<{
    projections: ProjectionRow
    /** Of tables that are being made beside the live ones. */
    rebuilds: CheckpointRow
  }>

export const PROJECTED = [
  'runs',
  'metadata_values',
  'quarantine',
  'entries',
  'entry_texts',
  'entry_ids',
  'run_groups',
  'run_group_statuses',
  'policy_versions',
  'policy_version_statuses',
  'policy_figures',
  'policy_durations',
] as const satisfies readonly (keyof Projected)[]

/** One set of the projected tables. The types hold whichever set it is. */
export type Tables = { readonly [Name in keyof Projected]: Name }

const suffixed = (suffix: string): Tables =>
  Object.fromEntries(PROJECTED.map((name) => [name, `${name}${suffix}`])) as Tables

export const LIVE = suffixed('')
/** What a rebuild fills. */
export const NEXT = suffixed('__next')
/** What a rebuild has replaced, until it is dropped. */
export const OLD = suffixed('__old')

/** Goes up with every change of the tables' form: a file of another layout is emptied and filled again. */
export const LAYOUT_VERSION = 6

const CHECKPOINT_COLUMNS =
  'name TEXT PRIMARY KEY, version INTEGER NOT NULL, generation INTEGER NOT NULL, position TEXT NOT NULL, last_event_position TEXT NOT NULL, event_id TEXT, first_event_id TEXT'

export const CHECKPOINT_TABLES = `
  CREATE TABLE projections (${CHECKPOINT_COLUMNS}, last_heartbeat TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE rebuilds (${CHECKPOINT_COLUMNS}) STRICT, WITHOUT ROWID;`

export const createTables = (tables: Tables): string => `
  CREATE TABLE ${tables.runs} (
    run_id TEXT NOT NULL PRIMARY KEY, run_group_id TEXT, policy_version_id TEXT NOT NULL, status TEXT NOT NULL, result TEXT,
    input_data TEXT NOT NULL, run_metadata TEXT NOT NULL,
    created_at TEXT NOT NULL, started_at TEXT, last_updated_at TEXT NOT NULL, revision INTEGER NOT NULL,
    last_recorded_at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE ${tables.metadata_values} (
    key TEXT NOT NULL, value TEXT NOT NULL, created_at TEXT NOT NULL, run_id TEXT NOT NULL,
    PRIMARY KEY (key, value, created_at, run_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ${tables.quarantine} (
    run_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, type TEXT NOT NULL, detail TEXT NOT NULL, since TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ${tables.entries} (
    position INTEGER PRIMARY KEY, run_id TEXT NOT NULL, revision INTEGER NOT NULL, type TEXT NOT NULL, actor TEXT,
    occurred_at TEXT NOT NULL, recorded_at TEXT NOT NULL, known_from TEXT, status TEXT, result TEXT, started_at TEXT,
    metadata_kept INTEGER
  ) STRICT;
  CREATE TABLE ${tables.entry_texts} (position INTEGER PRIMARY KEY, entry TEXT NOT NULL, run_metadata TEXT, event_metadata TEXT) STRICT;
  CREATE TABLE ${tables.entry_ids} (hash INTEGER NOT NULL, position INTEGER NOT NULL) STRICT;
  CREATE TABLE ${tables.run_groups} (
    run_group_id TEXT PRIMARY KEY, runs INTEGER NOT NULL, created_at TEXT NOT NULL, last_updated_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ${tables.run_group_statuses} (
    run_group_id TEXT NOT NULL, status TEXT NOT NULL, runs INTEGER NOT NULL, PRIMARY KEY (run_group_id, status)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ${tables.policy_versions} (
    policy_version_id TEXT PRIMARY KEY, runs INTEGER NOT NULL, created_at TEXT NOT NULL, last_updated_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ${tables.policy_version_statuses} (
    policy_version_id TEXT NOT NULL, status TEXT NOT NULL, runs INTEGER NOT NULL, PRIMARY KEY (policy_version_id, status)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ${tables.policy_figures} (
    policy_version_id TEXT NOT NULL, hour TEXT NOT NULL, figure TEXT NOT NULL, name TEXT NOT NULL, runs INTEGER NOT NULL,
    PRIMARY KEY (policy_version_id, hour, figure, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ${tables.policy_durations} (
    policy_version_id TEXT NOT NULL, hour TEXT NOT NULL, sum REAL NOT NULL, least REAL NOT NULL, greatest REAL NOT NULL,
    PRIMARY KEY (policy_version_id, hour)
  ) STRICT, WITHOUT ROWID;`

/** Each ends in a sort's column and `run_id`, so that a page is a range of it. docs/read-model.md says what each costs. */
const RUN_INDEXES = {
  created: 'created_at, run_id',
  updated: 'last_updated_at, run_id',
  status_created: 'status, created_at, run_id',
  status_updated: 'status, last_updated_at, run_id',
  group_created: 'run_group_id, created_at, run_id',
  policy_created: 'policy_version_id, created_at, run_id',
  // a third of all events would move a null here, and no filter asks for it
  result_created: 'result, created_at, run_id) WHERE (result IS NOT NULL',
} as const

// Each ends in the position, which is the row's own number.
const ENTRY_INDEXES = {
  // all that tells which version of a run stood at a moment: no row is read for it
  run: 'run_id, revision, occurred_at, known_from, status, metadata_kept',
  actor: 'actor',
  actor_occurred: 'actor, occurred_at',
  occurred: 'occurred_at',
} as const

// Hashes come in no order: a rebuild appends rows, and sorts them once.
const ENTRY_ID_INDEXES = { hash: 'hash, position' } as const

/** One statement an index; each may be there already. */
export const createIndexes = (tables: Tables, generation: number): readonly string[] => [
  ...indexesOf('runs', tables.runs, RUN_INDEXES, generation),
  ...indexesOf('entries', tables.entries, ENTRY_INDEXES, generation),
  ...indexesOf('entry_ids', tables.entry_ids, ENTRY_ID_INDEXES, generation),
]

const indexesOf = (
  name: string,
  table: string,
  indexes: Readonly<Record<string, string>>,
  generation: number,
): readonly string[] =>
  Object.entries(indexes).map(
    ([index, columns]) => `CREATE INDEX IF NOT EXISTS ${name}_${index}_${generation} ON ${table} (${columns})`,
  )

export const dropTables = (tables: Tables): string =>
  Object.values(tables)
    .map((table) => `DROP TABLE IF EXISTS ${table};`)
    .join('')

export const renameTables = (from: Tables, to: Tables): string =>
  (Object.keys(from) as (keyof Tables)[]).map((table) => `ALTER TABLE ${from[table]} RENAME TO ${to[table]};`).join('')
