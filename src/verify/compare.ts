/** Compares the read model's rows with those that the log folds into. */
import type { DatabaseSync } from 'node:sqlite'
import { RUN_COLUMNS } from '../read-model/sqlite/writing/run-writer.ts'
import type { ColumnDifference, Finding } from './findings.ts'

type Row = Record<string, string | number | null>

/** Everything but entries that differs between `main`, the read model, and `folded`, attached to the same connection. */
export function* differences(db: DatabaseSync): Generator<Finding> {
  for (const row of rows(db, UNREADABLE))
    yield { kind: 'unreadable-event', ...whereOf(row), type: String(row['type']), detail: String(row['detail']) }
  for (const row of rows(db, CHANGED)) yield { kind: 'changed-row', ...whereOf(row), columns: columnsOf(row) }
  for (const row of rows(db, onlyIn('folded', 'main'))) yield { kind: 'missing-row', ...whereOf(row) }
  for (const row of rows(db, onlyIn('main', 'folded'))) yield { kind: 'invented-row', ...whereOf(row) }
  for (const row of rows(db, METADATA)) yield { kind: 'changed-metadata-index', ...whereOf(row) }
  for (const row of rows(db, QUARANTINE)) yield { kind: 'changed-quarantine', ...whereOf(row) }
  for (const row of rows(db, GROUPS)) yield { kind: 'changed-group', run_group_id: String(row['run_group_id']) }
  for (const row of rows(db, POLICY_VERSIONS))
    yield { kind: 'changed-policy-version', policy_version_id: String(row['policy_version_id']) }
  for (const row of rows(db, FIGURES))
    yield {
      kind: 'changed-figures',
      policy_version_id: String(row['policy_version_id']),
      hour: String(row['hour']),
    }
}

const rows = (db: DatabaseSync, sql: string): Iterable<Row> => db.prepare(sql).iterate() as Iterable<Row>

const whereOf = (row: Row) => ({ run_id: String(row['run_id']), revision: Number(row['revision']) })

const UNREADABLE = 'SELECT run_id, revision, type, detail FROM folded.quarantine ORDER BY run_id'

const CHANGED = `
  SELECT log.run_id, log.revision,
    ${RUN_COLUMNS.map((column) => `mine.${column} AS mine_${column}, log.${column} AS log_${column}`).join(', ')}
  FROM folded.runs AS log JOIN main.runs AS mine ON mine.run_id = log.run_id
  WHERE ${RUN_COLUMNS.map((column) => `mine.${column} IS NOT log.${column}`).join(' OR ')}
  ORDER BY log.run_id`

const columnsOf = (row: Row): readonly ColumnDifference[] =>
  RUN_COLUMNS.filter((column) => row[`mine_${column}`] !== row[`log_${column}`]).map((column) => ({
    column,
    read_model: textOf(row[`mine_${column}`]),
    log: textOf(row[`log_${column}`]),
  }))

const textOf = (value: string | number | null | undefined): string | null =>
  value === null || value === undefined ? null : String(value)

const onlyIn = (here: string, there: string): string => `
  SELECT run_id, revision FROM ${here}.runs AS mine
  WHERE NOT EXISTS (SELECT 1 FROM ${there}.runs AS other WHERE other.run_id = mine.run_id) ORDER BY run_id`

const eitherWay = (columns: string, from: (schema: string) => string): string => `
  SELECT ${columns} FROM (SELECT * FROM (${from('main')} EXCEPT ${from('folded')})
    UNION SELECT * FROM (${from('folded')} EXCEPT ${from('main')}))`

// Only of runs whose rows agree on what is indexed: the others are findings already.
const METADATA = `
  SELECT differing.run_id, log.revision FROM
    (SELECT DISTINCT run_id FROM (${eitherWay('*', (schema) => `SELECT * FROM ${schema}.metadata_values`)})) AS differing
  JOIN folded.runs AS log ON log.run_id = differing.run_id
  JOIN main.runs AS mine ON mine.run_id = differing.run_id
  WHERE mine.run_metadata = log.run_metadata AND mine.created_at = log.created_at ORDER BY differing.run_id`

const QUARANTINE = `
  ${eitherWay('run_id, min(revision) AS revision', (schema) => `SELECT run_id, revision, type FROM ${schema}.quarantine`)}
  GROUP BY run_id ORDER BY run_id`

const differing = (columns: string, table: string): string =>
  `SELECT DISTINCT ${columns} FROM (${eitherWay('*', (schema) => `SELECT * FROM ${schema}.${table}`)})`

const differingOf = (columns: string, ...tables: readonly string[]): string =>
  `${tables.map((table) => differing(columns, table)).join(' UNION ')} ORDER BY ${columns}`

const GROUPS = differingOf('run_group_id', 'run_groups', 'run_group_statuses')
const POLICY_VERSIONS = differingOf('policy_version_id', 'policy_versions', 'policy_version_statuses')
const FIGURES = differingOf('policy_version_id, hour', 'policy_figures', 'policy_durations')
