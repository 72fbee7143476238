/** Keeps the live tables at the log's head. */
import type { DatabaseSync } from 'node:sqlite'
import { type Batch, type EventStore, type Position, START } from '../event-store/event-store.ts'
import { checkpointSaver, heartbeats, readCheckpoint } from './checkpoint.ts'
import { followLog } from './follow-log.ts'
import { createProjection } from './projection.ts'
import type { ProjectorLog, Retried, RetryWhich } from './projector.ts'
import { quarantinedRuns, retryRun } from './quarantine.ts'
import { createRunWriter } from './run-writer.ts'
import { LIVE } from './tables.ts'
import { createTurns } from './turns.ts'

export type LiveTables = Readonly<{
  /** Follows the log until `stop`. */
  start: () => void
  /** Ends after the batch under way, with everything written. */
  stop: () => Promise<void>
  /** How far the tables have got. */
  position: () => Position
  retry: (which: RetryWhich) => Promise<Retried>
  /** Does `work` while nothing else is done with the tables. */
  alone: (work: () => void) => Promise<void>
}>

type Options = Readonly<{
  db: DatabaseSync
  store: EventStore
  log: ProjectorLog
  /** Told after every write. */
  onAdvance: (position: Position) => void
}>

// When behind, batches grow to these, so that a row is written once for many events; then what came is shown.
const WRITE_AFTER = { events: 8_192, characters: 4 * 1024 * 1024, ms: 250 } as const
const HEARTBEAT_MS = 2_000
const CACHE_CHARACTERS = 8 * 1024 * 1024

export const createLiveTables = ({ db, store, log, onAdvance }: Options): LiveTables => {
  const writer = createRunWriter(db, LIVE)
  const projection = createProjection({
    db,
    writer,
    saveCheckpoint: checkpointSaver(db, 'projections'),
    cacheCharacters: CACHE_CHARACTERS,
  })
  const beat = heartbeats(db)
  const turns = createTurns()
  let position = readCheckpoint(db, 'projections')?.position ?? START
  let lastWrite = Date.now()
  let running: Readonly<{ abort: AbortController; ended: Promise<void> }> | null = null

  const write = (): void => {
    projection.write(position)
    lastWrite = Date.now()
    onAdvance(position)
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
    position = batch.position
    if (isDue(batch)) write()
  }

  const retry = (which: RetryWhich): Promise<Retried> =>
    turns(async () => {
      if (projection.pending().events > 0) write()
      const checkpoint = readCheckpoint(db, 'projections')?.position ?? START
      const before = quarantinedRuns(db).filter(({ run_id }) => which === 'all' || run_id === which.run_id)
      for (const { run_id } of before) {
        await retryRun({ db, store, writer, checkpoint }, run_id)
        projection.forget(run_id)
      }
      const quarantined = quarantinedRuns(db)
      const waiting = new Set(quarantined.map(({ run_id }) => run_id))
      return { recovered: before.map(({ run_id }) => run_id).filter((id) => !waiting.has(id)), quarantined }
    })

  const begin = async (): Promise<Position> => {
    projection.reset()
    position = readCheckpoint(db, 'projections')?.position ?? START
    onAdvance(position)
    await retry('all')
    return position
  }

  const tick = (): Promise<void> =>
    turns(() => {
      if (projection.pending().events > 0) write()
      else beat()
    }).catch((error: unknown) => log({ level: 'warn', message: `heartbeat: ${String(error)}` }))

  const run = async (signal: AbortSignal): Promise<void> => {
    const timer = setInterval(tick, HEARTBEAT_MS)
    await followLog({ store, name: 'projector', begin, onBatch: (batch) => turns(() => project(batch)), signal, log })
    clearInterval(timer)
    await tick()
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
    },
    position: () => position,
    retry,
    alone: turns,
  }
}
