/** Keeps the live tables at the log's head. */
import type { DatabaseSync } from 'node:sqlite'
import { type Batch, type EventStore, type Position, START } from '../../event-store/event-store.ts'
import { checkpointSaver, heartbeats, readCheckpoint } from '../sqlite/checkpoint.ts'
import { movingWalAt, WAL_PAGES } from '../sqlite/database.ts'
import { LIVE } from '../sqlite/tables.ts'
import { createBufferedTableWriter, createTableWriter } from '../sqlite/writing/table-writer.ts'
import { followLog } from './follow-log.ts'
import { createTurns } from './mutex.ts'
import { createProjection } from './projection.ts'
import type { ProjectorLog, Retried, RetryWhich } from './projector.ts'
import { quarantinedRuns, retryRun } from './quarantine.ts'

export type LiveTables = Readonly<{
  /** Follows the log until `stop`. */
  start: () => void
  /** Ends after the batch under way. What is not written by then is folded again from the checkpoint. */
  stop: () => Promise<void>
  /** How far the tables have got. */
  position: () => Position
  retry: (which: RetryWhich) => Promise<Retried>
  /** Does `work` while nothing else is done with the tables, which it may replace. */
  alone: <Result>(work: () => Result) => Promise<Result>
}>

type Options = Readonly<{
  db: DatabaseSync
  store: EventStore
  log: ProjectorLog
  /** Told after every write. */
  onAdvance: (position: Position) => void
}>

// When behind, batches grow to these, so that a row is written once for many events; then what came is shown.
const WRITE_AFTER = { events: 8_192, characters: 2 * 1024 * 1024, ms: 250 } as const
// Moving the write-ahead log holds up all that waits to be seen. With few events a write it moves in pieces of 4 MB; with
// more the thread has no time for that, and their delay is that of the batch in any case.
const SMALL_WRITE = { events: 512, walPages: 500 } as const
const HEARTBEAT_MS = 2_000
const CACHE_CHARACTERS = 4 * 1024 * 1024

export const createLiveTables = ({ db, store, log, onAdvance }: Options): LiveTables => {
  const writer = createTableWriter(db, LIVE)
  const projection = createProjection({
    db,
    writer: createBufferedTableWriter(db, LIVE),
    saveCheckpoint: checkpointSaver(db, 'projections'),
    cacheCharacters: CACHE_CHARACTERS,
  })
  const beat = heartbeats(db)
  const turns = createTurns()
  const checkpoint = (): Position => readCheckpoint(db, 'projections')?.position ?? START
  let folded = checkpoint()
  let written = folded
  let lastWrite = Date.now()
  let running: Readonly<{ abort: AbortController; ended: Promise<void> }> | null = null

  const write = (): void => {
    const isSmall = projection.pending().events < SMALL_WRITE.events
    if (isSmall) movingWalAt(db, SMALL_WRITE.walPages)
    projection.write(folded)
    if (isSmall) movingWalAt(db, WAL_PAGES)
    written = folded
    lastWrite = Date.now()
    onAdvance(written)
  }

  const isDue = ({ caughtUp }: Batch): boolean => {
    const { events, characters } = projection.pending()
    return (
      caughtUp ||
      events >= WRITE_AFTER.events ||
      characters >= WRITE_AFTER.characters ||
      Date.now() - lastWrite >= WRITE_AFTER.ms
    )
  }

  const project = (batch: Batch): void => {
    for (const event of batch.events) projection.apply(event)
    folded = batch.position
    if (isDue(batch)) write()
  }

  const retry = (which: RetryWhich): Promise<Retried> =>
    turns(async () => {
      if (projection.pending().events > 0) write()
      const before = quarantinedRuns(db).filter(({ run_id }) => which === 'all' || run_id === which.run_id)
      for (const { run_id } of before) {
        await retryRun({ db, store, writer, checkpoint: checkpoint() }, run_id)
        projection.forget(run_id)
      }
      const quarantined = quarantinedRuns(db)
      const waiting = new Set(quarantined.map(({ run_id }) => run_id))
      return { recovered: before.map(({ run_id }) => run_id).filter((id) => !waiting.has(id)), quarantined }
    })

  const begin = async (): Promise<Position> => {
    projection.reset()
    folded = checkpoint()
    written = folded
    onAdvance(written)
    await retry('all')
    return written
  }

  const tick = (): Promise<void> =>
    turns(beat).catch((error: unknown) => log({ level: 'warn', message: `projector: no heartbeat: ${String(error)}` }))

  const run = async (signal: AbortSignal): Promise<void> => {
    const timer = setInterval(tick, HEARTBEAT_MS)
    await followLog({ store, name: 'projector', begin, onBatch: (batch) => turns(() => project(batch)), signal, log })
    clearInterval(timer)
  }

  return {
    start: () => {
      const abort = new AbortController()
      running ??= { abort, ended: run(abort.signal) }
    },
    stop: async () => {
      const stopping = running
      stopping?.abort.abort()
      await stopping?.ended
      running = null
      // A write that failed may have got further than was told.
      written = checkpoint()
    },
    position: () => written,
    retry,
    alone: (work) =>
      turns(() => {
        // What was folded onto these tables is not for those that may take their place.
        projection.reset()
        return work()
      }),
  }
}
