/** A rebuild's other thread: reads the log, folds it, and tells what to change in the tables that are being made. */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Position } from '../event-store/event-store.ts'
import { openEventStore } from '../event-store/open.ts'
import { openForReading } from './database.ts'
import type { BatchFolded, FoldTask, ToFolder } from './folded-batches.ts'
import { createFolding, type FoldedState } from './folding.ts'
import { createRecorder } from './recorded-changes.ts'
import { createTableWriter } from './table-writer.ts'
import { NEXT } from './tables.ts'

// What is made of a piece is in memory until it is sent: in larger ones it lasts until the collector has to move it.
const EVENTS_A_PIECE = 128
// The more events a batch, the fewer times a run is written; but the live tables wait while a batch is.
const EVENTS_A_BATCH = 6_144
const CHARACTERS_A_BATCH = 4 * 1024 * 1024
const CACHE_CHARACTERS = 4 * 1024 * 1024
// One is being written, the next is there when it is.
const MOST_UNWRITTEN = 2
const PRIORITY = 10

const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')

// Whoever serves requests beside it goes first. Elsewhere this would be the priority of the whole process.
if (process.platform === 'linux') setPriority(PRIORITY)

const main = async ({ eventStore, path, from, rows }: FoldTask): Promise<void> => {
  const store = opened(await openEventStore(eventStore, 'read')())
  const db = opened(openForReading(path))
  // It reads single runs, each once.
  db.exec('PRAGMA cache_size = -1000')
  const stopping = new AbortController()
  const unwritten: ReadonlyMap<string, FoldedState>[] = []
  let wake = (): void => undefined
  port.on('message', (message: ToFolder) => {
    if (message === 'stop') stopping.abort()
    else unwritten.shift()
    wake()
  })

  const recorder = createRecorder()
  const writer = createTableWriter(db, NEXT, recorder.prepare)
  // What is under way is not in the tables yet.
  const load: typeof writer.load = (run_id) =>
    unwritten.findLast((states) => states.has(run_id))?.get(run_id)?.stored ?? writer.load(run_id)
  const folding = createFolding({ writer: { ...writer, load }, cacheCharacters: CACHE_CHARACTERS })

  const { signal } = stopping
  let batch = { events: 0, characters: 0, pieces: 0 }
  let lastEvent: Position | null = null
  const send = (): void => {
    rows.postMessage(recorder.take())
    batch.pieces += 1
  }
  for await (const { events, position, caughtUp } of store.subscribe({ from, signal, batchSize: EVENTS_A_PIECE })) {
    for (const event of events) {
      folding.fold(event)
      batch.characters += event.data.length + event.metadata.length
    }
    batch.events += events.length
    lastEvent = events.at(-1)?.position ?? lastEvent
    if (!caughtUp && batch.events < EVENTS_A_BATCH && batch.characters < CHARACTERS_A_BATCH) {
      send()
      continue
    }
    unwritten.push(folding.writeRuns())
    send()
    const { characters: _, ...counts } = batch
    port.postMessage({
      ...counts,
      position,
      lastEvent,
      caughtUp,
      statements: recorder.statements,
    } satisfies BatchFolded)
    batch = { events: 0, characters: 0, pieces: 0 }
    lastEvent = null
    while (unwritten.length >= MOST_UNWRITTEN && !signal.aborted)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    if (signal.aborted) break
  }
  db.close()
  await store.close()
  rows.close()
  port.close()
}

const opened = <Opened>(result: Either<unknown, Opened>): Opened => {
  if (result._tag === 'Left') throw new Error(JSON.stringify(result.left))
  return result.right
}

await main(workerData as FoldTask)
