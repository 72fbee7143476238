/** Compares the read model's audit trail and versions of runs with what the log says, event by event as it is folded. */
import type { DatabaseSync } from 'node:sqlite'
import { hashesOf } from '../read-model/sqlite/entry-ids.ts'
import { type EntryToWrite, NO_VERSION } from '../read-model/sqlite/writing/entry-writer.ts'
import type { ColumnDifference, Finding } from './findings.ts'

export type EntryCheck = Readonly<{
  /** The next Entry that the log says, in the order of positions. */
  next: (entry: EntryToWrite) => void
  /** After the last: what the read model has beyond all of them. */
  end: () => void
}>

/** Tells `found` of everything that differs. Reads the read model along with the log, a row at a time. */
export const checkEntries = (readModel: DatabaseSync, found: (finding: Finding) => void): EntryCheck => {
  const rows = readModel.prepare(ROWS).iterate() as Iterator<Row>
  const holdsId = readModel.prepare('SELECT 1 FROM entry_ids WHERE hash = ? AND position = ?')
  let row = rows.next()
  let ids = 0

  const takeInvented = (before: number): void => {
    for (; !row.done && row.value.position < before; row = rows.next())
      found({ kind: 'invented-entry', run_id: row.value.run_id, revision: row.value.revision })
  }

  const checkIds = ({ position, run_id, revision, entry }: EntryToWrite): void => {
    const hashes = hashesOf(entry)
    ids += hashes.length
    if (hashes.some((hash) => holdsId.get(hash, position) === undefined))
      found({ kind: 'changed-entry-index', run_id, revision })
  }

  const next = (written: EntryToWrite): void => {
    takeInvented(written.position)
    const { run_id, revision } = written
    if (row.done || row.value.position !== written.position) {
      found({ kind: 'missing-entry', run_id, revision })
      return
    }
    const columns = differencesOf(row.value, expectedOf(written))
    if (columns.length > 0) found({ kind: 'changed-entry', run_id, revision, columns })
    checkIds(written)
    row = rows.next()
  }

  return {
    next,
    end: () => {
      takeInvented(Number.POSITIVE_INFINITY)
      const held = readModel.prepare('SELECT count(*) AS held FROM entry_ids').get()?.['held']
      if (Number(held) > ids) for (const place of strayIds(readModel)) found({ kind: 'changed-entry-index', ...place })
    },
  }
}

type Place = Readonly<{ run_id: string; revision: number }>
type Columns = Readonly<Record<(typeof COLUMNS)[number], string | number | null>>
type Row = Columns & Place & Readonly<{ position: number }>

const COLUMNS = [
  'run_id',
  'revision',
  'type',
  'actor',
  'occurred_at',
  'recorded_at',
  'known_from',
  'status',
  'result',
  'started_at',
  'metadata_kept',
  'entry',
  'run_metadata',
  'event_metadata',
] as const

const ROWS = `
  SELECT entries.position, entries.run_id, entries.revision, entries.type, entries.actor, entries.occurred_at,
    entries.recorded_at, entries.known_from, entries.status, entries.result, entries.started_at, entries.metadata_kept,
    entry_texts.entry, entry_texts.run_metadata, entry_texts.event_metadata
  FROM entries LEFT JOIN entry_texts ON entry_texts.position = entries.position
  ORDER BY entries.position`

const expectedOf = ({ run_id, revision, type, entry, version }: EntryToWrite): Columns => ({
  run_id,
  revision,
  type,
  actor: entry.actor,
  occurred_at: entry.occurred_at ?? '',
  recorded_at: entry.recorded_at,
  entry: entry.text,
  ...(version ?? NO_VERSION),
})

const differencesOf = (row: Columns, log: Columns): readonly ColumnDifference[] =>
  COLUMNS.filter((column) => row[column] !== log[column]).map((column) => ({
    column,
    ...excerpts(textOf(row[column]), textOf(log[column])),
  }))

const textOf = (value: string | number | null): string | null => (value === null ? null : String(value))

const EXCERPT = 200

/** Of two long texts what is around the first difference. */
const excerpts = (read_model: string | null, log: string | null): Pick<ColumnDifference, 'read_model' | 'log'> => {
  if ((read_model?.length ?? 0) <= EXCERPT && (log?.length ?? 0) <= EXCERPT) return { read_model, log }
  let at = 0
  while (read_model?.[at] !== undefined && read_model[at] === log?.[at]) at += 1
  const from = Math.max(0, at - EXCERPT / 4)
  const cut = (text: string | null) => text?.slice(from, from + EXCERPT) ?? null
  return { read_model: cut(read_model), log: cut(log) }
}

/** The entries that are found by an id that they have not. */
function* strayIds(readModel: DatabaseSync): Generator<Place> {
  const held = readModel.prepare(`
    SELECT hash, entries.run_id, entries.revision, entry ->> '$.command_id' AS command_id,
      entry ->> '$.correlation_id' AS correlation_id
    FROM entry_ids LEFT JOIN entries ON entries.position = entry_ids.position
      LEFT JOIN entry_texts ON entry_texts.position = entry_ids.position AND json_valid(entry)`)
  for (const each of held.iterate() as Iterable<Record<string, string | number | null>>) {
    const ids = {
      command_id: textOf(each['command_id'] ?? null),
      correlation_id: textOf(each['correlation_id'] ?? null),
    }
    if (!hashesOf(ids).includes(Number(each['hash'])))
      yield { run_id: String(each['run_id'] ?? ''), revision: Number(each['revision'] ?? -1) }
  }
}
