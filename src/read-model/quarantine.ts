/** Quarantine: a run that cannot be read stops by itself, and is tried again from its stream. */
import type { DatabaseSync } from 'node:sqlite'
import { follow } from '../../projections/follow.ts'
import type { EventStore, Position, StoredEvent } from '../event-store/event-store.ts'
import { inTransaction, prepare, queries } from './database.ts'
import { quarantineOf } from './projection.ts'
import type { QuarantinedRun } from './read-model.ts'
import type { RunWriter, StoredState } from './run-writer.ts'

/** All quarantined runs, by id. */
export const quarantinedRuns = (db: DatabaseSync): readonly QuarantinedRun[] => {
  const all = prepare(db, queries.selectFrom('quarantine').select(QUARANTINE_COLUMNS).orderBy('run_id'))
  return (all.all() as unknown as QuarantineValues[]).map(quarantinedRun)
}

export const QUARANTINE_COLUMNS = ['run_id', 'revision', 'type', 'detail', 'since'] as const

export type QuarantineValues = [run_id: string, revision: number, type: string, detail: string, since: string]

export const quarantinedRun = ([run_id, revision, type, detail, since]: QuarantineValues): QuarantinedRun => ({
  run_id,
  revision,
  type,
  detail,
  since,
})

type Retry = Readonly<{ db: DatabaseSync; store: EventStore; writer: RunWriter; checkpoint: Position }>

/**
 * Reads a quarantined run on from its last good revision, as far as the checkpoint: what lies beyond comes by the
 * subscription. Its row moves as far as it can be read now. Where the log does not answer, all stays as it was.
 */
export const retryRun = async ({ db, store, writer, checkpoint }: Retry, run_id: string): Promise<void> => {
  const stored = writer.load(run_id)
  if (!stored.quarantined) return
  const read = await readOn(store, checkpoint, run_id, stored)
  if (read === null) return
  inTransaction(db, () => {
    if (read.run !== null && read.run !== stored.run) writer.put(stored, read.run, read.revision)
    writer.release(run_id)
    if (read.quarantine !== null) writer.quarantine(read.quarantine)
  })
}

type Read = Pick<StoredState, 'run' | 'revision'> & Readonly<{ quarantine: QuarantinedRun | null }>

const PAGE = 512

/** As far as the stream can be read up to the checkpoint; null where the log does not answer. */
const readOn = async (
  store: EventStore,
  checkpoint: Position,
  run_id: string,
  { run, revision }: StoredState,
): Promise<Read | null> => {
  let read: Read = { run, revision, quarantine: null }
  for (let from = revision + 1; ; ) {
    const page = await store.readStream(run_id, { from, direction: 'forward', limit: PAGE })()
    if (page._tag === 'Left') return null
    for (const event of page.right.events) {
      if (event.position > checkpoint) return read
      read = step(read, event)
      if (read.quarantine !== null) return read
    }
    const last = page.right.events.at(-1)
    if (page.right.endOfStream || last === undefined) return read
    from = last.revision + 1
  }
}

const step = ({ run, revision }: Read, event: StoredEvent): Read => {
  const followed = follow(run, revision, event)
  return followed._tag === 'Right'
    ? { run: followed.right.after, revision: event.revision, quarantine: null }
    : { run, revision, quarantine: quarantineOf(event, followed.left.detail) }
}
