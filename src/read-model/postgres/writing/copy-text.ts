/** Rows in the text format of COPY. */
import type { StoredValue } from '../../../../projections/collect-changes.ts'

/** A line for each row of these columns, which are of one length. */
export const copyText = (columns: readonly (readonly StoredValue[])[]): string => {
  const rows = columns[0]?.length ?? 0
  let text = ''
  for (let row = 0; row < rows; row += 1) {
    for (let i = 0; i < columns.length; i += 1) {
      if (i > 0) text += '\t'
      text += fieldOf(columns[i]?.[row] ?? null)
    }
    text += '\n'
  }
  return text
}

const NULL = '\\N'
const SPECIAL = /[\\\n\r\t]/
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const fieldOf = (value: StoredValue): string => {
  if (typeof value !== 'string') return value === null ? NULL : String(value)
  return SPECIAL.test(value) ? value.replace(/[\\\n\r\t]/g, (found) => ESCAPES[found] as string) : value
}
