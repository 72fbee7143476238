/** The audit trail as a table for a terminal, in the shape of the other formats. */
import type { Entry } from '../../../projections/audit-entry.ts'
import type { EntryForm } from '../../api/entry-formats/entry-forms.ts'
import { readJson } from '../../run/read-json.ts'
import { TRAIL_HEADER, trailLine } from './entry-text.ts'

export const TABLE_FORM: EntryForm = {
  begin: '',
  rows: (entries, isFirst) => {
    const lines = entries.map(({ text }) => `${trailLine(readJson<Entry>(text))}\n`)
    return (isFirst ? `${TRAIL_HEADER}\n` : '') + lines.join('')
  },
  end: '',
}
