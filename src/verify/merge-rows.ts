/** Two sides' rows of a table, in one order, put side by side. */
import type { StoredValue } from '../../projections/collect-changes.ts'
import { columnsOf, type Table } from '../../projections/table.ts'
import type { Snapshot, TableRow } from '../read-model/snapshot.ts'
import { cursorOf } from './cursor.ts'

/** One of them is null where that side has no such row. */
export type RowPair = Readonly<
  { mine: TableRow; log: TableRow } | { mine: TableRow; log: null } | { mine: null; log: TableRow }
>

export type Sides = Readonly<{
  readModel: Snapshot
  /** What the log folds into. */
  folded: Snapshot
  /** Called where the read model cannot be read on: the rest is not compared. */
  onDamage: (detail: string) => void
}>

/** All rows of `table`, those of both sides that agree in `columns` together. */
export async function* mergeRows(
  { readModel, folded, onDamage }: Sides,
  table: Table,
  columns: readonly string[],
): AsyncGenerator<RowPair> {
  const mine = await cursorOf(readModel.rows(table, columns), onDamage)
  const log = await cursorOf(folded.rows(table, columns), throwIt)
  const places = columns.map((column) => columnsOf(table).indexOf(column))
  for (;;) {
    const [a, b] = [mine.row(), log.row()]
    if (!mine.isWhole()) return
    if (a === null && b === null) return
    const order = a === null ? 1 : b === null ? -1 : compareRows(a, b, places)
    if (order <= 0) await mine.next()
    if (order >= 0) await log.next()
    yield { mine: order <= 0 ? a : null, log: order >= 0 ? b : null } as RowPair
  }
}

/** The rows of the fold are this process's own, just written. */
const throwIt = (detail: string): never => {
  throw new Error(detail)
}

const compareRows = (a: TableRow, b: TableRow, places: readonly number[]): number => {
  for (const place of places) {
    const order = compareValues(a[place] ?? null, b[place] ?? null)
    if (order !== 0) return order
  }
  return 0
}

const compareValues = (a: StoredValue, b: StoredValue): number => {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? -1 : 1
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : 1
}
