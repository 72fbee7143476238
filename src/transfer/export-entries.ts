/** Exports the audit trail in a format whose entries stand one after another. */
import { cloudEventsForm, csvForm, type EntryForm, NDJSON_FORM } from '../api/entry-formats/entry-forms.ts'
import { type EntryReads, type EntryWalk, entryPages } from './entry-pages.ts'
import { type Export, type ExportFormat, type ExportWatch, exportOf, exportTally } from './export.ts'

export type EntryFormat = Exclude<ExportFormat, 'ledger' | 'xes'>

/** CSV cells that a spreadsheet would take for formulas are escaped; `source` is what CloudEvents name. */
export const entryForm = (format: EntryFormat, source: string): EntryForm => {
  switch (format) {
    case 'ndjson':
      return NDJSON_FORM
    case 'csv':
      return csvForm('escaped')
    case 'cloudevents':
      return cloudEventsForm(source)
    default:
      return format satisfies never
  }
}

/** The entries of `walk` in its order, at most `limit` of them. */
export const exportEntries = (
  readModel: EntryReads,
  form: EntryForm,
  { limit = Number.POSITIVE_INFINITY, ...walk }: EntryWalk & Readonly<{ limit?: number }>,
  { onProgress, ...watch }: ExportWatch,
): Export => {
  const tally = exportTally()

  async function* pieces(): AsyncGenerator<string> {
    yield form.begin
    for await (const page of entryPages(readModel, walk, watch.signal, limit)) {
      const isFirst = tally.events() === 0
      const entries = page.slice(0, limit - tally.events())
      for (const { text, position } of entries) tally.add({ run_id: runIdText(text), position })
      if (entries.length > 0) yield form.rows(entries, isFirst)
      onProgress(tally.events())
      if (tally.events() >= limit) break
    }
    yield form.end
  }

  return exportOf(pieces(), tally.counts, watch)
}

/** The run's id as it stands in an Entry's text: enough to tell runs apart, without reading the whole. */
const runIdText = (text: string): string => {
  const start = text.indexOf(RUN_ID) + RUN_ID.length
  return text.slice(start, text.indexOf('"', start))
}

// Inside a string the quotes would be escaped, so that this is the member and nothing else.
const RUN_ID = '"run_id":"'
