/** How the items of a list become text. */
import { type CsvCell, csvLine } from '../../api/entry-formats/csv-cells.ts'
import type { Json } from '../../run/json.ts'
import { valueAt } from './columns.ts'
import { painted } from './entry-text.ts'
import type { Format } from './format.ts'
import { shown } from './output.ts'

/** `rows` gets some of the items at a time; `isFirst`: these are the first. */
export type ItemForm = Readonly<{
  begin: string
  rows: (items: readonly Json[], isFirst: boolean) => string
  end: string
}>

/** How items with these columns are written; `json` and `ndjson` hold whole items. */
export const formOf = (format: Format, columns: readonly string[]): ItemForm => {
  switch (format) {
    case 'table':
      return tableForm(columns)
    case 'csv':
      return {
        begin: csvLine(columns, 'raw'),
        rows: (items) =>
          items
            .map((item) =>
              csvLine(
                columns.map((path) => csvCellOf(valueAt(item, path))),
                'escaped',
              ),
            )
            .join(''),
        end: '',
      }
    case 'json':
      return {
        begin: '{"data":[',
        rows: (items, isFirst) =>
          (isFirst || items.length === 0 ? '' : ',') + items.map((item) => JSON.stringify(item)).join(),
        end: ']}\n',
      }
    case 'ndjson':
      return { begin: '', rows: (items) => items.map((item) => `${JSON.stringify(item)}\n`).join(''), end: '' }
    default:
      return format satisfies never
  }
}

const csvCellOf = (value: Json | undefined): CsvCell =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : value

/** Numbers stand to the right. Later rows keep to the widths and sides that the first ones ask for. */
const tableForm = (columns: readonly string[]): ItemForm => {
  let sides: readonly Side[] = columns.map((name) => ({ width: name.length, isRight: false }))
  return {
    begin: '',
    rows: (items, isFirst) => {
      const values = items.map((item) => columns.map((path) => valueAt(item, path)))
      const rows = values.map((row) => row.map(cellText))
      if (isFirst && rows.length === 0) return ''
      if (isFirst)
        sides = sides.map(({ width }, at) => ({
          width: Math.max(width, ...rows.map((row) => row[at]?.length ?? 0)),
          isRight: values.every((row) => typeof (row[at] ?? 0) === 'number'),
        }))
      const header = isFirst ? `${painted('dim', lineOf(columns, sides))}\n` : ''
      return header + rows.map((row) => `${lineOf(row, sides)}\n`).join('')
    },
    end: '',
  }
}

type Side = Readonly<{ width: number; isRight: boolean }>

const lineOf = (cells: readonly string[], sides: readonly Side[]): string =>
  cells
    .map((text, at) => {
      const { width = 0, isRight = false } = sides[at] ?? {}
      return isRight ? text.padStart(width) : text.padEnd(width)
    })
    .join('  ')
    .trimEnd()

const cellText = (value: Json | undefined): string =>
  value === undefined || value === null
    ? '-'
    : clipped(shown(typeof value === 'string' ? value : JSON.stringify(value)))

const MAX_CELL = 60

const clipped = (text: string): string => (text.length <= MAX_CELL ? text : `${text.slice(0, MAX_CELL - 1)}…`)
