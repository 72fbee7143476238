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
}>

type ProjectionRow = CheckpointRow & Readonly<{ last_heartbeat: string | null }>

export type Database = Readonly<{
  runs: RunRow
  metadata_values: MetadataValueRow
  quarantine: QuarantineRow
  projections: ProjectionRow
  /** Of tables that are being made beside the live ones. */
  rebuilds: CheckpointRow
}>

/** The tables that one rebuild makes together. The types hold whichever set it is. */
export type RunTables = Readonly<{ runs: 'runs'; metadata_values: 'metadata_values'; quarantine: 'quarantine' }>

const suffixed = (suffix: string): RunTables =>
  ({
    runs: `runs${suffix}`,
    metadata_values: `metadata_values${suffix}`,
    quarantine: `quarantine${suffix}`,
  }) as RunTables

export const LIVE = suffixed('')
/** What a rebuild fills. */
export const NEXT = suffixed('__next')
/** What a rebuild has replaced, until it is dropped. */
export const OLD = suffixed('__old')

/** Goes up with every change of the tables' form: a file of another layout is emptied and filled again. */
export const LAYOUT_VERSION = 1

const CHECKPOINT_COLUMNS =
  'name TEXT PRIMARY KEY, version INTEGER NOT NULL, generation INTEGER NOT NULL, position TEXT NOT NULL, last_event_position TEXT NOT NULL'

export const CHECKPOINT_TABLES = `
  CREATE TABLE projections (${CHECKPOINT_COLUMNS}, last_heartbeat TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE rebuilds (${CHECKPOINT_COLUMNS}) STRICT, WITHOUT ROWID;`

export const createTables = (tables: RunTables): string => `
  CREATE TABLE ${tables.runs} (
    run_id TEXT NOT NULL PRIMARY KEY, run_group_id TEXT, policy_version_id TEXT NOT NULL, status TEXT NOT NULL, result TEXT,
    input_data TEXT NOT NULL, run_metadata TEXT NOT NULL,
    created_at TEXT NOT NULL, started_at TEXT, last_updated_at TEXT NOT NULL, revision INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE ${tables.metadata_values} (
    key TEXT NOT NULL, value TEXT NOT NULL, created_at TEXT NOT NULL, run_id TEXT NOT NULL,
    PRIMARY KEY (key, value, created_at, run_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ${tables.quarantine} (
    run_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, type TEXT NOT NULL, detail TEXT NOT NULL, since TEXT NOT NULL
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

/** One statement an index; each may be there already. */
export const createIndexes = (tables: RunTables, generation: number): readonly string[] =>
  Object.entries(RUN_INDEXES).map(
    ([name, columns]) => `CREATE INDEX IF NOT EXISTS runs_${name}_${generation} ON ${tables.runs} (${columns})`,
  )

export const dropTables = (tables: RunTables): string =>
  Object.values(tables)
    .map((table) => `DROP TABLE IF EXISTS ${table};`)
    .join('')

export const renameTables = (from: RunTables, to: RunTables): string =>
  (Object.keys(from) as (keyof RunTables)[])
    .map((table) => `ALTER TABLE ${from[table]} RENAME TO ${to[table]};`)
    .join('')
