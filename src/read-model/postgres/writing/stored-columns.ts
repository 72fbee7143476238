/** Rows of the projected tables as PostgreSQL stores them, column by column. */
import type { StoredValue, Values } from '../../../../projections/collect-changes.ts'
import { indexable } from '../../../../projections/metadata-values.ts'
import { type Column, columnsOf, type Table } from '../../../../projections/table.ts'
import { partOf } from '../parts.ts'
import { indexedTextsOf, jsonColumnsOf, jsonCopyOf, namesPart, PART } from '../tables.ts'
import { escapeNul, escapeNulInJson } from '../text.ts'

/** A stored column, and how its value is made of the one at place `from` of a row. */
export type StoredColumn = Readonly<{
  name: string
  type: 'text' | 'jsonb' | 'int8' | 'int2' | 'float8'
  from: number
  convert: (value: StoredValue) => StoredValue
}>

/** A whole row: the table's own columns, its JSON once more for searches, and the part of its run. */
export const rowColumns = (table: Table): readonly StoredColumn[] => {
  const columns = columnsOf(table)
  const own = valueColumns(table, columns)
  if (!namesPart(table)) return own
  const part = { name: PART, type: 'int2', from: columns.indexOf('run_id'), convert: partOfRow } as const
  return [...own, part]
}

/** Values of some columns of a row, in this order. */
export const valueColumns = (table: Table, columns: readonly string[]): readonly StoredColumn[] => {
  const json = jsonColumnsOf(table)
  return columns.flatMap((name, from): StoredColumn[] => {
    const own = { name, type: TYPES[(table.columns[name] as Column).type], from, convert: conversionOf(table, name) }
    return json.includes(name)
      ? [own, { name: jsonCopyOf(name), type: 'jsonb', from, convert: (value) => escapeNulInJson(value as string) }]
      : [own]
  })
}

/** One array for each column, of rows that take `width` values each. */
export const storedArrays = (
  columns: readonly StoredColumn[],
  values: Values,
  width: number,
): readonly (readonly StoredValue[])[] =>
  columns.map(({ from, convert }) => {
    const stored: StoredValue[] = []
    for (let at = from; at < values.length; at += width) stored.push(convert(values[at] as StoredValue))
    return stored
  })

const TYPES = { text: 'text', json: 'text', integer: 'int8', real: 'float8' } as const

const partOfRow = (run_id: StoredValue): number => partOf(run_id as string)

// At most three bytes for each: an index has room for the other columns, too.
const LONGEST_INDEXED = 500

const conversionOf = (table: Table, column: string): StoredColumn['convert'] => {
  if (table.columns[column]?.type !== 'text') return (value) => value
  const isIndexed = indexedTextsOf(table).includes(column)
  return (value) => {
    if (typeof value !== 'string') return value
    return escapeNul(isIndexed && value.length > LONGEST_INDEXED ? indexable(value) : value)
  }
}
