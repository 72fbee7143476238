/** Writes runs into one set of tables, the live ones or those that will take their place. */
import type { DatabaseSync } from 'node:sqlite'
import { type Compilable, sql } from 'kysely'
import type { Run } from '../../../run/run.ts'
import { bound, prepare, queries } from '../database.ts'
import { metadataTexts, rowOf, runOf } from '../run-row.ts'
import type { QuarantineRow, RunRow, Tables } from '../tables.ts'
import type { PrepareChange } from './statement-batch.ts'

/** What the tables hold of a run. */
export type StoredState = Readonly<{
  run: Run | null
  revision: number
  /** The latest `recorded_at` of its events, '' before the first. */
  known: string
  quarantined: boolean
  lengths: JsonLengths
}>

/** A run as the events up to `revision` make it. */
export type FoldedRun = Readonly<{ run: Run; revision: number; known: string }>

/** The lengths of a run's JSON texts: a measure of what it takes in memory. */
export type JsonLengths = Readonly<{ input_data: number; run_metadata: number }>

export type RunWriter = Readonly<{
  load: (run_id: string) => StoredState
  /** Of a run whose event at revision 0 comes next: it is looked for only where one may be in quarantine, or after `doubt`. */
  loadNew: (run_id: string) => StoredState
  /** A change failed: the log may not be the one that the tables were made of, and begin a run that they hold. */
  doubt: () => void
  /** Writes the run as it is now, given what the tables hold of it, and answers its lengths. */
  put: (stored: StoredState, folded: FoldedRun) => JsonLengths
  quarantine: (row: QuarantineRow) => void
  release: (run_id: string) => void
}>

export const createRunWriter = (db: DatabaseSync, tables: Tables, change: PrepareChange): RunWriter => {
  const changing = (query: Compilable) => change(query.compile().sql)
  const load = prepare(db, loadRun(tables))
  const insert = changing(insertRun(tables))
  const update = changing(updateRun(tables))
  const updateWithMetadata = changing(updateRunWithMetadata(tables))
  const addValue = changing(insertMetadataValue(tables))
  const dropValue = changing(deleteMetadataValue(tables))
  const anyQuarantined = prepare(db, queries.selectFrom(tables.quarantine).select('revision').limit(sql.lit(1)))
  const quarantine = changing(insertQuarantine(tables))
  const release = changing(deleteQuarantine(tables))

  const create = ({ run, revision, known }: FoldedRun): JsonLengths => {
    const row = rowOf(run, revision, known)
    insert.run(...RUN_COLUMNS.map((column) => row[column]))
    for (const [key, text] of metadataTexts(run.run_metadata)) addValue.run(key, text, run.created_at, run.run_id)
    return lengthsOf(row)
  }

  const move = (before: Run, { run: after, revision, known }: FoldedRun, lengths: JsonLengths): JsonLengths => {
    const { status, result, started_at, last_updated_at, run_id } = after
    if (after.run_metadata === before.run_metadata) {
      update.run(status, result, started_at, last_updated_at, revision, known, run_id)
      return lengths
    }
    const metadata = JSON.stringify(after.run_metadata)
    updateWithMetadata.run(status, result, metadata, started_at, last_updated_at, revision, known, run_id)
    moveValues(before, after)
    return { input_data: lengths.input_data, run_metadata: metadata.length }
  }

  const moveValues = (before: Run, after: Run): void => {
    const old = new Map(metadataTexts(before.run_metadata))
    for (const [key, text] of metadataTexts(after.run_metadata)) {
      const was = old.get(key)
      old.delete(key)
      if (was === text) continue
      if (was !== undefined) dropValue.run(key, was, after.created_at, after.run_id)
      addValue.run(key, text, after.created_at, after.run_id)
    }
    for (const [key, text] of old) dropValue.run(key, text, after.created_at, after.run_id)
  }

  // Null before the first look at the quarantine. It stays true where the last run there was released by another writer.
  let mayHoldNew: boolean | null = null
  const loadAny = (run_id: string): StoredState => storedState(load.get(run_id) as unknown as readonly unknown[])

  return {
    load: loadAny,
    loadNew: (run_id) => {
      mayHoldNew ??= anyQuarantined.get() !== undefined
      return mayHoldNew ? loadAny(run_id) : NOTHING
    },
    doubt: () => {
      mayHoldNew = true
    },
    put: (stored, folded) => (stored.run === null ? create(folded) : move(stored.run, folded, stored.lengths)),
    quarantine: (row) => {
      mayHoldNew = true
      quarantine.run(row.run_id, row.revision, row.type, row.detail, row.since)
    },
    release: (run_id) => {
      release.run(run_id)
    },
  }
}

export const RUN_COLUMNS = [
  'run_id',
  'run_group_id',
  'policy_version_id',
  'status',
  'result',
  'input_data',
  'run_metadata',
  'created_at',
  'started_at',
  'last_updated_at',
  'revision',
  'last_recorded_at',
] as const satisfies readonly (keyof RunRow)[]

const NOTHING: StoredState = {
  run: null,
  revision: -1,
  known: '',
  quarantined: false,
  lengths: { input_data: 0, run_metadata: 0 },
}

const storedState = (found: readonly unknown[]): StoredState => {
  const [quarantined, ...values] = found
  if (values[0] === null) return { ...NOTHING, quarantined: quarantined !== null }
  const row = Object.fromEntries(RUN_COLUMNS.map((column, i) => [column, values[i]])) as RunRow
  return {
    run: runOf(row),
    revision: row.revision,
    known: row.last_recorded_at,
    quarantined: quarantined !== null,
    lengths: lengthsOf(row),
  }
}

const lengthsOf = (row: RunRow): JsonLengths => ({
  input_data: row.input_data.length,
  run_metadata: row.run_metadata.length,
})

/** The run and its quarantine, either of which may be there without the other. */
const loadRun = (tables: Tables) =>
  queries
    .selectFrom(sql<{ run_id: string }>`(select ${bound()} as run_id)`.as('asked'))
    .leftJoin(`${tables.runs} as run`, 'run.run_id', 'asked.run_id')
    .leftJoin(`${tables.quarantine} as quarantine`, 'quarantine.run_id', 'asked.run_id')
    .select('quarantine.revision as quarantined')
    .select(RUN_COLUMNS.map((column) => `run.${column}` as const))

const insertRun = (tables: Tables) =>
  queries
    .insertInto(tables.runs)
    .values(Object.fromEntries(RUN_COLUMNS.map((column) => [column, bound()])) as Record<keyof RunRow, never>)

const updateRun = (tables: Tables) =>
  queries
    .updateTable(tables.runs)
    .set({
      status: bound(),
      result: bound(),
      started_at: bound(),
      last_updated_at: bound(),
      revision: bound(),
      last_recorded_at: bound(),
    })
    .where('run_id', '=', bound())

const updateRunWithMetadata = (tables: Tables) =>
  queries
    .updateTable(tables.runs)
    .set({
      status: bound(),
      result: bound(),
      run_metadata: bound(),
      started_at: bound(),
      last_updated_at: bound(),
      revision: bound(),
      last_recorded_at: bound(),
    })
    .where('run_id', '=', bound())

const insertMetadataValue = (tables: Tables) =>
  queries
    .insertInto(tables.metadata_values)
    .values({ key: bound(), value: bound(), created_at: bound(), run_id: bound() })

const deleteMetadataValue = (tables: Tables) =>
  queries
    .deleteFrom(tables.metadata_values)
    .where('key', '=', bound())
    .where('value', '=', bound())
    .where('created_at', '=', bound())
    .where('run_id', '=', bound())

const insertQuarantine = (tables: Tables) =>
  queries.insertInto(tables.quarantine).values({
    run_id: bound(),
    revision: bound(),
    type: bound(),
    detail: bound(),
    since: bound(),
  })

const deleteQuarantine = (tables: Tables) => queries.deleteFrom(tables.quarantine).where('run_id', '=', bound())
