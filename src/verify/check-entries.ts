/** Compares the read model's audit trail and versions of runs with what the log says, event by event as it is folded. */
import type { DatabaseSync } from 'node:sqlite'
import { ENTRIES } from '../../projections/audit-trail.ts'
import type { ChangeSet, StoredValue } from '../../projections/collect-changes.ts'
import { PROJECTIONS } from '../../projections/projections.ts'
import { columnsOf, type Table } from '../../projections/table.ts'
import { differenceOf } from './excerpts.ts'
import type { ColumnDifference, Finding } from './findings.ts'
import { unlessDamaged } from './read-model-file.ts'

export type EntryCheck = Readonly<{
  /** The next changes that the fold of the log makes. Returns what of them is not checked here. */
  next: (changes: ChangeSet) => ChangeSet
  /** After the last: what the read model has beyond all of them. */
  end: () => void
}>

/**
 * Passes everything that differs to `found`. Reads the read model along with the log, a row at a time; where its file is
 * damaged the rest is not compared.
 */
export const checkEntries = (readModel: DatabaseSync, found: (finding: Finding) => void): EntryCheck => {
  const rows = rowsAlong(readModel, found)

  const takeInvented = (before: number): void => {
    for (let row = rows.current(); row !== null && Number(row['position']) < before; row = rows.next())
      found({ kind: 'invented-entry', ...placeOf(row) })
  }

  const compare = (log: Values): void => {
    takeInvented(Number(log['position']))
    if (rows.isBroken()) return
    const row = rows.current()
    if (row === null || row['position'] !== log['position']) {
      found({ kind: 'missing-entry', ...placeOf(log) })
      return
    }
    const columns = differencesOf(row, log)
    if (columns.length > 0) found({ kind: 'changed-entry', ...placeOf(log), columns })
    rows.next()
  }

  return {
    next: (changes) => {
      for (const log of rowsIn(changes)) compare(log)
      return new Map([...changes].filter(([name]) => !CHECKED_HERE.has(name)))
    },
    end: () => takeInvented(Number.POSITIVE_INFINITY),
  }
}

/** The read model's rows one after another, null after the last, and after damage. */
const rowsAlong = (readModel: DatabaseSync, found: (finding: Finding) => void) => {
  const rows = readModel.prepare(ROWS).iterate() as Iterator<Values>
  let broken = false
  const next = (): Values | null => {
    if (broken) return null
    const row = unlessDamaged(found, () => rows.next())
    broken = row === null
    return row === null || row.done === true ? null : row.value
  }
  let current = next()
  return {
    current: () => current,
    next: () => {
      current = next()
      return current
    },
    isBroken: () => broken,
  }
}

/** The tables that have one row for each event: what would fill much space is not written to be compared. */
const ONE_AN_EVENT = PROJECTIONS.flatMap(({ per, tables }) =>
  per === 'event' ? tables.filter(({ key }) => key.length === 1 && key[0] === 'position') : [],
)

/** Whether the rows of `table` are compared while the log is folded. */
export const isCheckedAsFolded = (table: Table): boolean => ONE_AN_EVENT.includes(table)

const CHECKED_HERE: ReadonlySet<string> = new Set(ONE_AN_EVENT.map(({ name }) => name))

type Values = Readonly<Record<string, StoredValue>>

const COLUMNS = [...new Set(ONE_AN_EVENT.flatMap(columnsOf))]

const ROWS = `SELECT ${ONE_AN_EVENT.flatMap((table, i) =>
  columnsOf(table)
    .filter((column) => i === 0 || column !== 'position')
    .map((column) => `${table.name}.${column}`),
).join(', ')}
  FROM entries ${ONE_AN_EVENT.filter((table) => table !== ENTRIES)
    .map(({ name }) => `LEFT JOIN ${name} ON ${name}.position = entries.position`)
    .join(' ')}
  ORDER BY entries.position`

/** Every event's row of all these tables together. */
function* rowsIn(changes: ChangeSet): Generator<Values> {
  const puts = ONE_AN_EVENT.map((table) => ({ table, values: changes.get(table.name)?.puts ?? [] }))
  const count = (changes.get(ENTRIES.name)?.puts.length ?? 0) / columnsOf(ENTRIES).length
  for (let i = 0; i < count; i += 1) {
    const row: Record<string, StoredValue> = {}
    for (const { table, values } of puts) takeRow(row, table, values, i)
    yield row
  }
}

const takeRow = (row: Record<string, StoredValue>, table: Table, values: readonly StoredValue[], i: number): void => {
  const columns = columnsOf(table)
  for (const [place, column] of columns.entries()) row[column] = values[i * columns.length + place] ?? null
}

const placeOf = (row: Values) => ({ run_id: String(row['run_id']), revision: Number(row['revision']) })

const differencesOf = (row: Values, log: Values): readonly ColumnDifference[] =>
  COLUMNS.filter((column) => row[column] !== log[column]).map((column) =>
    differenceOf(column, row[column], log[column]),
  )
