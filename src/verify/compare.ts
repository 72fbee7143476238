/** Compares the read model's rows with those that the log folds into: what the tables as data say there is. */
import type { DatabaseSync } from 'node:sqlite'
import type { Projection } from '../../projections/projection.ts'
import { PROJECTIONS } from '../../projections/projections.ts'
import { QUARANTINE } from '../../projections/quarantine.ts'
import { METADATA_VALUES, RUNS } from '../../projections/runs.ts'
import { columnsOf, type Table } from '../../projections/table.ts'
import { nameIn } from '../read-model/sqlite/tables.ts'
import { isCheckedAsFolded } from './check-entries.ts'
import { differenceOf } from './excerpts.ts'
import type { ColumnDifference, Finding } from './findings.ts'

type Row = Record<string, string | number | null>

/** Everything but entries that differs between `main`, the read model, and `folded`, attached to the same connection. */
export function* differences(db: DatabaseSync): Generator<Finding> {
  for (const row of rows(db, UNREADABLE))
    yield { kind: 'unreadable-event', ...whereOf(row), type: String(row['type']), detail: String(row['detail']) }
  for (const row of rows(db, CHANGED)) yield { kind: 'changed-row', ...whereOf(row), columns: columnDifferences(row) }
  for (const row of rows(db, onlyIn(LOG, MINE))) yield { kind: 'missing-row', ...whereOf(row) }
  for (const row of rows(db, onlyIn(MINE, LOG))) yield { kind: 'invented-row', ...whereOf(row) }
  for (const row of rows(db, CHANGED_QUARANTINE)) yield { kind: 'changed-quarantine', ...whereOf(row) }
  for (const projection of PROJECTIONS) {
    yield* changedSums(db, projection)
    for (const table of projection.tables) yield* changedIndexes(db, table)
  }
}

/** What sums of a projection differ, each named once by the first column of its key. */
function* changedSums(db: DatabaseSync, { name, tables }: Projection): Generator<Finding> {
  const named = new Set<string>()
  for (const table of tables)
    if (table.kind === 'sums')
      for (const row of rows(db, differing(String(table.key[0]), table))) named.add(String(row[String(table.key[0])]))
  for (const id of [...named].sort()) yield { kind: 'changed-sums', projection: name, id }
}

/** Rows by which runs or entries are found: what has findings of its own is left out. */
function* changedIndexes(db: DatabaseSync, table: Table): Generator<Finding> {
  if (table.kind === 'sums' || table === RUNS || isCheckedAsFolded(table)) return
  const sql = Object.hasOwn(table.columns, 'position') ? ofEntries(table) : ofRuns(table)
  for (const row of rows(db, sql)) yield { kind: 'changed-index', table: table.name, ...whereOf(row) }
}

const rows = (db: DatabaseSync, sql: string): Iterable<Row> => db.prepare(sql).iterate() as Iterable<Row>

const whereOf = (row: Row) => ({ run_id: String(row['run_id'] ?? ''), revision: Number(row['revision'] ?? -1) })

const MINE = (table: Table) => `main.${nameIn('live', table)}`
const LOG = (table: Table) => `folded.${nameIn('next', table)}`

const UNREADABLE = `SELECT run_id, revision, type, detail FROM ${LOG(QUARANTINE)} ORDER BY run_id`

const RUN_COLUMNS = columnsOf(RUNS)

const CHANGED = `
  SELECT log.run_id, log.revision,
    ${RUN_COLUMNS.map((column) => `mine.${column} AS mine_${column}, log.${column} AS log_${column}`).join(', ')}
  FROM ${LOG(RUNS)} AS log JOIN ${MINE(RUNS)} AS mine ON mine.run_id = log.run_id
  WHERE ${RUN_COLUMNS.map((column) => `mine.${column} IS NOT log.${column}`).join(' OR ')}
  ORDER BY log.run_id`

const columnDifferences = (row: Row): readonly ColumnDifference[] =>
  RUN_COLUMNS.filter((column) => row[`mine_${column}`] !== row[`log_${column}`]).map((column) =>
    differenceOf(column, row[`mine_${column}`], row[`log_${column}`]),
  )

type Side = (table: Table) => string

const onlyIn = (here: Side, there: Side): string => `
  SELECT run_id, revision FROM ${here(RUNS)} AS mine
  WHERE NOT EXISTS (SELECT 1 FROM ${there(RUNS)} AS other WHERE other.run_id = mine.run_id) ORDER BY run_id`

/** The rows that one side has and the other has not, by all of `columns`. */
const eitherWay = (columns: string, table: Table): string => {
  const [mine, log] = [MINE, LOG].map((side) => `SELECT ${columns} FROM ${side(table)}`)
  return `SELECT * FROM (${mine} EXCEPT ${log}) UNION SELECT * FROM (${log} EXCEPT ${mine})`
}

const differing = (columns: string, table: Table): string =>
  `SELECT DISTINCT ${columns} FROM (${eitherWay('*', table)}) ORDER BY ${columns}`

const CHANGED_QUARANTINE = `
  SELECT run_id, min(revision) AS revision FROM (${eitherWay('run_id, revision, type', QUARANTINE)})
  GROUP BY run_id ORDER BY run_id`

// Only of runs whose rows agree on what is indexed: the others are findings already.
const AGREEING: Readonly<Record<string, string>> = {
  [METADATA_VALUES.name]: 'mine.run_metadata = log.run_metadata AND mine.created_at = log.created_at',
}

const ofRuns = (table: Table): string => `
  SELECT differing.run_id, log.revision FROM (${differing('run_id', table)}) AS differing
  JOIN ${LOG(RUNS)} AS log ON log.run_id = differing.run_id
  JOIN ${MINE(RUNS)} AS mine ON mine.run_id = differing.run_id
  WHERE ${AGREEING[table.name] ?? 'TRUE'} ORDER BY differing.run_id`

const ofEntries = (table: Table): string => `
  SELECT DISTINCT entries.run_id, entries.revision FROM (${eitherWay('*', table)}) AS differing
  LEFT JOIN main.entries AS entries ON entries.position = differing.position`
