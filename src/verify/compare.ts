/** Compares the read model's rows with those that the log folds into: what the tables as data say there is. */
import { ENTRIES } from '../../projections/audit-trail.ts'
import type { StoredValue } from '../../projections/collect-changes.ts'
import type { Projection } from '../../projections/projection.ts'
import { PROJECTIONS } from '../../projections/projections.ts'
import { QUARANTINE } from '../../projections/quarantine.ts'
import { RUNS } from '../../projections/runs.ts'
import { columnsOf, type RowOf, type Table } from '../../projections/table.ts'
import type { TableRow } from '../read-model/snapshot.ts'
import { isCheckedAsFolded } from './check-entries.ts'
import { differencesOf } from './excerpts.ts'
import type { Finding } from './findings.ts'
import { mergeRows, type RowPair, type Sides } from './merge-rows.ts'

/** Everything that differs but what is checked as the log is folded. */
export async function* differences(sides: Sides): AsyncGenerator<Finding> {
  yield* changedQuarantine(sides)
  yield* changedRuns(sides)
  for (const projection of PROJECTIONS) {
    yield* changedSums(sides, projection)
    for (const table of projection.tables) yield* changedIndexes(sides, table)
  }
}

/** The runs that cannot be read, and those that the read model is wrong about. */
async function* changedQuarantine(sides: Sides): AsyncGenerator<Finding> {
  for await (const pair of mergeRows(sides, QUARANTINE, QUARANTINE.key)) {
    const mine = pair.mine === null ? null : named(QUARANTINE, pair.mine)
    const log = pair.log === null ? null : named(QUARANTINE, pair.log)
    if (log !== null) {
      const { run_id, revision, type, detail } = log
      yield { kind: 'unreadable-event', run_id, revision, type, detail }
    }
    if (mine?.revision !== log?.revision || mine?.type !== log?.type) {
      const run_id = (mine ?? log)?.run_id ?? ''
      const revision = Math.min(mine?.revision ?? Number.POSITIVE_INFINITY, log?.revision ?? Number.POSITIVE_INFINITY)
      yield { kind: 'changed-quarantine', run_id, revision }
    }
  }
}

async function* changedRuns(sides: Sides): AsyncGenerator<Finding> {
  for await (const { mine, log } of mergeRows(sides, RUNS, RUNS.key)) {
    const { run_id, revision } = named(RUNS, (log ?? mine) as TableRow)
    if (mine === null) yield { kind: 'missing-row', run_id, revision }
    else if (log === null) yield { kind: 'invented-row', run_id, revision }
    else {
      const columns = differencesOf(RUNS, mine, log)
      if (columns.length > 0) yield { kind: 'changed-row', run_id, revision, columns }
    }
  }
}

/** What sums of a projection differ, each named once by the first column of its key. */
async function* changedSums(sides: Sides, { name, tables }: Projection): AsyncGenerator<Finding> {
  const differing = new Set<string>()
  for (const table of tables)
    if (table.kind === 'sums')
      for await (const pair of mergeRows(sides, table, table.key))
        if (differs(pair, table)) differing.add(String(valueIn(pair, table, String(table.key[0]))))
  for (const id of [...differing].sort()) yield { kind: 'changed-sums', projection: name, id }
}

/** Rows by which runs or entries are found: what has findings of its own is left out. */
async function* changedIndexes(sides: Sides, table: Table): AsyncGenerator<Finding> {
  if (table.kind === 'sums' || table === RUNS || isCheckedAsFolded(table)) return
  const isOfEntries = Object.hasOwn(table.columns, 'position')
  const owners = new Set<StoredValue>()
  for await (const pair of mergeRows(sides, table, columnsOf(table)))
    if (pair.mine === null || pair.log === null) owners.add(valueIn(pair, table, isOfEntries ? 'position' : 'run_id'))
  for (const owner of [...owners].sort(byValue)) {
    const place = await (isOfEntries ? entryAt : runAt)(sides, owner)
    if (place !== null) yield { kind: 'changed-index', table: table.name, ...place }
  }
}

type Place = Readonly<{ run_id: string; revision: number }>

const entryAt = async ({ readModel }: Sides, position: StoredValue): Promise<Place> => {
  const row = await readModel.row(ENTRIES, [position])
  if (row === null) return { run_id: '', revision: -1 }
  const { run_id, revision } = named(ENTRIES, row)
  return { run_id, revision }
}

/** Null where the run's own rows differ: it is a finding already. */
const runAt = async ({ readModel, folded }: Sides, id: StoredValue): Promise<Place | null> => {
  const mine = await readModel.row(RUNS, [id])
  const log = await folded.row(RUNS, [id])
  if (mine === null || log === null || differs({ mine, log }, RUNS)) return null
  const { run_id, revision } = named(RUNS, log)
  return { run_id, revision }
}

const differs = ({ mine, log }: RowPair, table: Table): boolean => differencesOf(table, mine, log).length > 0

const valueIn = ({ mine, log }: RowPair, table: Table, column: string): StoredValue =>
  (mine ?? log)?.[columnsOf(table).indexOf(column)] ?? null

const named = <Of extends Table>(table: Of, row: TableRow): RowOf<Of> =>
  Object.fromEntries(columnsOf(table).map((column, i) => [column, row[i]])) as RowOf<Of>

/** Of different values; null first. */
const byValue = (a: StoredValue, b: StoredValue): number => (a !== null && (b === null || a > b) ? 1 : -1)
