/** Entries as CSV (RFC 4180): one header, one line for each Entry. The order of columns never changes. */
import type { EntryAnswer } from './entries.ts'

/** `escaped`: no spreadsheet reads a cell as a formula. `raw`: cells as they are. */
export type CsvCells = 'escaped' | 'raw'

export const CSV_TYPE = 'text/csv; charset=utf-8; header=present'

type Cell = string | number | null | undefined

/** Objects and lists are cells of JSON; new columns come at the end. */
const COLUMNS: readonly (readonly [name: string, cell: (entry: EntryAnswer) => Cell])[] = [
  ['position', ({ position }) => position],
  ['event_id', ({ event_id }) => event_id],
  ['run_id', ({ run_id }) => run_id],
  ['revision', ({ revision }) => revision],
  ['type', ({ type }) => type],
  ['schema_version', ({ schema_version }) => schema_version],
  ['occurred_at', ({ occurred_at }) => occurred_at],
  ['occurred_at_from', ({ occurred_at_from }) => occurred_at_from],
  ['recorded_at', ({ recorded_at }) => recorded_at],
  ['actor', ({ actor }) => actor],
  ['recorded_by_principal', ({ recorded_by }) => recorded_by?.principal],
  ['recorded_by_via', ({ recorded_by }) => recorded_by?.via],
  ['reason', ({ reason }) => reason],
  ['command_id', ({ command_id }) => command_id],
  ['correlation_id', ({ correlation_id }) => correlation_id],
  ['causation_id', ({ causation_id }) => causation_id],
  ['changes', ({ changes }) => changes && JSON.stringify(changes)],
  ['data', ({ data }) => data && JSON.stringify(data)],
]

// By hand: a library takes five times as long for a line, and this is all that RFC 4180 asks for.
const LINE_END = '\r\n'

export const CSV_HEADER = `${COLUMNS.map(([name]) => name).join(',')}${LINE_END}`

/** The line of `entry`, with its end. Null is an empty cell, and so is an empty text. */
export const csvRowOf = (entry: EntryAnswer, cells: CsvCells): string => {
  let row = ''
  for (const [, cell] of COLUMNS) row += `${row === '' ? '' : ','}${cellOf(cell(entry), cells)}`
  return row + LINE_END
}

const cellOf = (value: Cell, cells: CsvCells): string => {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  return quoted(cells === 'escaped' && isFormula(value) ? `'${value}` : value)
}

// RFC 4180, section 2, rules 5 to 7.
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Whether a spreadsheet may read `text` as a formula (OWASP, CSV Injection), also by full-width signs. Negative numbers are not formulas. */
const isFormula = (text: string): boolean => /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !NEGATIVE_NUMBER.test(text)

const NEGATIVE_NUMBER = /^-\d+(\.\d+)?([eE][+-]?\d+)?$/
