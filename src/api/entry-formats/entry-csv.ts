/** Entries as CSV (RFC 4180): one header, one line for each Entry. The order of columns never changes. */

import type { EntryAnswer } from '../entries.ts'
import { type CsvCell, type CsvCells, csvLine } from './csv-cells.ts'

export const CSV_TYPE = 'text/csv; charset=utf-8; header=present'

/** Objects and lists are cells of JSON; new columns come at the end. */
const COLUMNS: readonly (readonly [name: string, cell: (entry: EntryAnswer) => CsvCell])[] = [
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

export const CSV_HEADER = csvLine(
  COLUMNS.map(([name]) => name),
  'raw',
)

/** The line of `entry`, with its end. */
export const csvRowOf = (entry: EntryAnswer, cells: CsvCells): string =>
  csvLine(
    COLUMNS.map(([, cell]) => cell(entry)),
    cells,
  )
