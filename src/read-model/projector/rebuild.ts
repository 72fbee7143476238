/** Rebuild: makes the tables again beside the live ones, which go on meanwhile, and switches to them at once. */
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Position } from '../../event-store/event-store.ts'
import type { EventStoreConfig } from '../../event-store/open.ts'
import {
  BEGINNING,
  type Checkpoint,
  checkpointSaver,
  putCheckpoint,
  readCheckpoint,
  removeCheckpoint,
} from '../sqlite/checkpoint.ts'
import { inTransaction } from '../sqlite/database.ts'
import { createIndexes, createTables, dropTables, LIVE, NEXT, OLD, renameTables } from '../sqlite/tables.ts'
import type { LiveTables } from './catch-up.ts'
import { keepTrying } from './follow-log.ts'
import type { ProjectorLog, Rebuilt } from './projector.ts'
import { type FoldedBatch, foldedBatches } from './rebuild-channel.ts'

type Options = Readonly<{
  db: DatabaseSync
  eventStore: EventStoreConfig
  /** Of `db`. */
  path: string
  live: LiveTables
  /** Whether the live tables cannot be carried on, so that there is no need to have got as far as they have. */
  isStale: () => boolean
  /** Told in the moment of the switch. */
  onSwitch: () => void
  /** Told of how many events the tables are made since this start, after each batch. */
  onProgress: (events: number) => void
  /** Leaves off, to go on at the next start. */
  signal: AbortSignal
  log: ProjectorLog
}>

/** Goes on with the rebuild that was begun, or begins one. Null where `signal` made it leave off. */
export const rebuild = async (options: Options): Promise<Rebuilt | null> => {
  const { db, eventStore, path, live, isStale, onSwitch, onProgress, signal, log } = options
  const began = performance.now()
  await dropReplaced(db, signal)
  const generation = (rebuildUnderWay(db) ?? beginRebuild(db)).generation
  const saveCheckpoint = checkpointSaver(db, 'rebuilds')
  let events = 0
  let last: Position | null = null

  const write = (batch: FoldedBatch): void => {
    inTransaction(db, () => {
      batch.makeChanges()
      saveCheckpoint(batch.position, batch.folded)
    })
    events += batch.events
    onProgress(events)
  }

  const switchTo = async (position: Position): Promise<boolean> => {
    await makeIndexes(db, generation, signal)
    if (signal.aborted) return false
    // The live tables stand still from here to the switch: nothing that was shown is taken back.
    await live.stop()
    return live.alone(() => {
      if (!isStale() && position < live.position()) return false
      inTransaction(db, () => replaceLive(db))
      onSwitch()
      return true
    })
  }

  await keepTrying({ name: 'rebuild', signal, log }, async (progressed) => {
    const from = (readCheckpoint(db, 'rebuilds') ?? BEGINNING).position
    for await (const batch of foldedBatches({ db, eventStore, path, from, signal })) {
      write(batch)
      progressed()
      if (batch.caughtUp && (await switchTo(batch.position))) {
        last = batch.position
        return
      }
      await nextTurn()
    }
  })
  if (last === null) return null
  live.start()
  await dropReplaced(db, signal)
  return { position: last, events, seconds: (performance.now() - began) / 1000 }
}

/** The rebuild that was cut off, if it can go on. */
export const rebuildUnderWay = (db: DatabaseSync): Checkpoint | null => {
  const checkpoint = readCheckpoint(db, 'rebuilds')
  return checkpoint?.isCurrent ? checkpoint : null
}

/** Begins a rebuild at the log's beginning; what another one has made so far goes. */
export const beginRebuild = (db: DatabaseSync): Checkpoint => {
  const before = Math.max(
    readCheckpoint(db, 'projections')?.generation ?? 0,
    readCheckpoint(db, 'rebuilds')?.generation ?? 0,
  )
  const checkpoint = { isCurrent: true, generation: before + 1, ...BEGINNING }
  inTransaction(db, () => {
    db.exec(dropTables(NEXT))
    db.exec(createTables(NEXT))
    putCheckpoint(db, 'rebuilds', checkpoint)
  })
  return checkpoint
}

/** One at a time, so that the live tables get their turn in between. */
const makeIndexes = async (db: DatabaseSync, generation: number, signal: AbortSignal): Promise<void> => {
  for (const index of createIndexes(NEXT, generation)) {
    db.exec(index)
    await nextTurn()
    if (signal.aborted) return
  }
}

const replaceLive = (db: DatabaseSync): void => {
  const checkpoint = readCheckpoint(db, 'rebuilds')
  if (checkpoint === null) throw new Error('the rebuild has lost its checkpoint')
  db.exec(renameTables(LIVE, OLD))
  db.exec(renameTables(NEXT, LIVE))
  putCheckpoint(db, 'projections', checkpoint)
  removeCheckpoint(db, 'rebuilds')
}

/**
 * Drops what a rebuild has replaced, a piece at a time, so that the live tables get their turn in between. Leaves off where
 * `signal` says so: the next start goes on.
 */
export const dropReplaced = async (db: DatabaseSync, signal: AbortSignal): Promise<void> => {
  const used = pagesUsed(db)
  // Old and new are made of one log, so about half of the pages are old.
  const few = used() / 2 + PAGES_AT_ONCE
  for (const table of Object.values(OLD)) {
    const indexes = db.prepare('SELECT name FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL AND type = ?')
    for (const { name } of indexes.all(table, 'index')) {
      db.exec(`DROP INDEX IF EXISTS ${name}`)
      await nextTurn()
    }
    if (LARGE.has(table) && db.prepare(IS_TABLE).get(table) !== undefined)
      for (const cut = cutter(db, table); used() > few && !signal.aborted && cut(); ) await nextTurn()
    if (signal.aborted) return
    db.exec(`DROP TABLE IF EXISTS ${table}`)
    await nextTurn()
  }
}

// About 100 ms: a table that is dropped at once takes a fifth of the time that its rows take.
const PAGES_AT_ONCE = 65_536

const pagesUsed = (db: DatabaseSync): (() => number) => {
  const used = db.prepare('SELECT page_count - freelist_count AS used FROM pragma_page_count, pragma_freelist_count')
  return () => (used.get() as { used: number }).used
}

/** What may take long to drop at once. */
const LARGE: ReadonlySet<string> = new Set([OLD.entry_texts, OLD.entries])
const IS_TABLE = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`

// About 25 ms.
const ROWS_A_CUT = 4_096

/** Deletes rows from the end, where it costs least; false where few are left. */
const cutter = (db: DatabaseSync, table: string): (() => boolean) => {
  const edge = db.prepare(`SELECT position AS edge FROM ${table} ORDER BY position DESC LIMIT 1 OFFSET ${ROWS_A_CUT}`)
  const cut = db.prepare(`DELETE FROM ${table} WHERE position >= ?`)
  return () => {
    const found = edge.get()
    if (found !== undefined) cut.run(found['edge'] as number)
    return found !== undefined
  }
}
