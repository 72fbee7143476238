/** The formats in which all Entries are returned as one text: its beginning, its rows and its end. */
import { readJson } from '../../run/read-json.ts'
import type { EntryAnswer } from '../entries.ts'
import type { CsvCells } from './csv-cells.ts'
import { cloudEventOf } from './entry-cloud-event.ts'
import { CSV_HEADER, csvRowOf } from './entry-csv.ts'

/** `text`: an Entry as JSON, on one line. */
type EntryText = Readonly<{ text: string }>

export type EntryForm = Readonly<{
  begin: string
  /** `isFirst`: these are the first rows. */
  rows: (entries: readonly EntryText[], isFirst: boolean) => string
  end: string
}>

export const NDJSON_FORM: EntryForm = {
  begin: '',
  rows: (entries) => {
    let text = ''
    for (const entry of entries) text += `${entry.text}\n`
    return text
  },
  end: '',
}

export const csvForm = (cells: CsvCells): EntryForm => ({
  begin: CSV_HEADER,
  rows: (entries) => entries.map(({ text }) => csvRowOf(entryIn(text), cells)).join(''),
  end: '',
})

/** A batch of CloudEvents, one on each line. */
export const cloudEventsForm = (source: string): EntryForm => ({
  begin: '[',
  rows: (entries, isFirst) => {
    let text = ''
    for (const [index, entry] of entries.entries())
      text += `${isFirst && index === 0 ? '' : ',\n'}${JSON.stringify(cloudEventOf(entryIn(entry.text), source))}`
    return text
  },
  end: ']',
})

const entryIn = (text: string): EntryAnswer => readJson<EntryAnswer>(text)
