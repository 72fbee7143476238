/** Quarantine: a run that cannot be read stops by itself, and is tried again from its stream. */
import type { DatabaseSync } from 'node:sqlite'
import { follow } from '../../../projections/follow.ts'
import type { EventStore, Position, StoredEvent } from '../../event-store/event-store.ts'
import type { QuarantinedRun } from '../read-model.ts'
import { bound, inTransaction, prepare, queries } from '../sqlite/database.ts'
import { type EntryToWrite, entryToWrite } from '../sqlite/writing/entry-writer.ts'
import type { FoldedRun, StoredState } from '../sqlite/writing/run-writer.ts'
import type { TableWriter } from '../sqlite/writing/table-writer.ts'
import { quarantineOf } from './fold-batch.ts'

/** All quarantined runs, by id. */
export const quarantinedRuns = (db: DatabaseSync): readonly QuarantinedRun[] => {
  const all = prepare(db, quarantined().orderBy('run_id'))
  return (all.all() as unknown as QuarantineValues[]).map(quarantinedRun)
}

/** Looks for one run among them; null where it is not. */
export const createQuarantineReader = (db: DatabaseSync): ((run_id: string) => QuarantinedRun | null) => {
  const one = prepare(db, quarantined().where('run_id', '=', bound()))
  return (run_id) => {
    const values = one.get(run_id) as unknown as QuarantineValues | undefined
    return values === undefined ? null : quarantinedRun(values)
  }
}

const quarantined = () => queries.selectFrom('quarantine').select(QUARANTINE_COLUMNS)

export const QUARANTINE_COLUMNS = ['run_id', 'revision', 'type', 'detail', 'since'] as const

export type QuarantineValues = [run_id: string, revision: number, type: string, detail: string, since: string]

export const quarantinedRun = ([run_id, revision, type, detail, since]: QuarantineValues): QuarantinedRun => ({
  run_id,
  revision,
  type,
  detail,
  since,
})

type Retry = Readonly<{ db: DatabaseSync; store: EventStore; writer: TableWriter; checkpoint: Position }>

/**
 * Reads a quarantined run on from its last good revision, as far as the checkpoint: what lies beyond comes by the
 * subscription. Its rows move as far as it can be read now. Where the log does not answer, it stays quarantined.
 */
export const retryRun = async ({ db, store, writer, checkpoint }: Retry, run_id: string): Promise<void> => {
  let stored = writer.load(run_id)
  if (!stored.quarantined) return
  for (let isDone = false; !isDone; ) {
    const from = stored.revision + 1
    const page = await store.readStream(run_id, { from, direction: 'forward', limit: PAGE })()
    if (page._tag === 'Left') return
    const events = page.right.events.filter(({ position }) => position <= checkpoint)
    const read = readOn(stored, events)
    isDone = read.quarantine !== null || page.right.endOfStream || events.length < page.right.events.length
    inTransaction(db, () => writeRead(writer, run_id, stored, read, isDone))
    stored = writer.load(run_id)
  }
}

// A page is written before the next is read, so that a long run takes no more memory than a short one.
const PAGE = 512

type Read = Readonly<{
  folded: FoldedRun | null
  entries: readonly EntryToWrite[]
  quarantine: QuarantinedRun | null
}>

/** As far as `events` can be read. */
const readOn = ({ run, revision, known }: StoredState, events: readonly StoredEvent[]): Read => {
  let folded = run === null ? null : { run, revision, known }
  const entries: EntryToWrite[] = []
  for (const event of events) {
    const followed = follow(folded?.run ?? null, folded?.revision ?? -1, event)
    if (followed._tag === 'Left') return { folded, entries, quarantine: quarantineOf(event, followed.left.detail) }
    const entry = entryToWrite(event, followed.right, folded?.known ?? '')
    entries.push(entry)
    folded = { run: followed.right.after, revision: event.revision, known: entry.version?.known_from ?? '' }
  }
  return { folded, entries, quarantine: null }
}

const writeRead = (writer: TableWriter, run_id: string, stored: StoredState, read: Read, isDone: boolean): void => {
  for (const entry of read.entries) writer.entry.replace(entry)
  if (read.folded !== null && read.entries.length > 0) writer.putRun(stored, read.folded)
  writer.putFigures()
  if (!isDone) return
  writer.release(run_id)
  if (read.quarantine !== null) writer.quarantine(read.quarantine)
}
