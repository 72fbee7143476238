/** What differs between two rows, or two values of a column. */
import type { StoredValue } from '../../projections/collect-changes.ts'
import { columnsOf, type Table } from '../../projections/table.ts'
import type { TableRow } from '../read-model/snapshot.ts'
import type { ColumnDifference } from './findings.ts'

/** The columns of `table` that differ. Those of a row that is not there are null. */
export const differencesOf = (
  table: Table,
  readModel: TableRow | null,
  log: TableRow | null,
): readonly ColumnDifference[] =>
  areSame(readModel, log)
    ? []
    : columnsOf(table).flatMap((column, i) => {
        const [mine, theirs] = [readModel?.[i] ?? null, log?.[i] ?? null]
        return mine === theirs ? [] : [differenceOf(column, mine, theirs)]
      })

const areSame = (a: TableRow | null, b: TableRow | null): boolean =>
  a !== null && b !== null && a.every((value, i) => value === b[i])

/** Of long texts only what is around the first difference. */
const differenceOf = (column: string, readModel: StoredValue, log: StoredValue): ColumnDifference => {
  const [mine, theirs] = [textOf(readModel), textOf(log)]
  if ((mine?.length ?? 0) <= EXCERPT && (theirs?.length ?? 0) <= EXCERPT)
    return { column, read_model: mine, log: theirs }
  let at = 0
  while (mine?.[at] !== undefined && mine[at] === theirs?.[at]) at += 1
  const from = Math.max(0, at - EXCERPT / 4)
  const cut = (text: string | null) => text?.slice(from, from + EXCERPT) ?? null
  return { column, read_model: cut(mine), log: cut(theirs) }
}

const EXCERPT = 200

const textOf = (value: StoredValue): string | null => (value === null ? null : String(value))
