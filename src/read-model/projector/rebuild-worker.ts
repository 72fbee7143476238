/** A rebuild's other thread: reads the log, folds it, and tells what to change in the tables that are being made. */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Position, StoredEvent } from '../../event-store/event-store.ts'
import { openEventStore } from '../../event-store/open.ts'
import type { FoldedEvents } from '../sqlite/checkpoint.ts'
import { openForReading } from '../sqlite/database.ts'
import { NEXT } from '../sqlite/tables.ts'
import { createRecorder } from '../sqlite/writing/statement-batch.ts'
import { createTableWriter } from '../sqlite/writing/table-writer.ts'
import { createFolding, type FoldedState } from './fold-batch.ts'
import type { BatchFolded, FoldTask, ToFolder } from './rebuild-channel.ts'

// What is made of a piece is in memory until it is sent: in larger ones it lasts until the collector has to move it.
const EVENTS_A_PIECE = 128
const CHANGES_A_PIECE = 512
// The more events a batch, the fewer times a run is written; but the live tables wait while a batch is.
const EVENTS_A_BATCH = 3_072
const CHARACTERS_A_BATCH = 4 * 1024 * 1024
// Of JSON of runs: three batches of them are in memory at once.
const RUN_CHARACTERS_A_BATCH = 4 * 1024 * 1024
// A run that is not in memory is read from the tables again: with half of this a tenth of the thread's time.
const CACHE_CHARACTERS = 8 * 1024 * 1024
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
  let batch = newBatch()
  const send = (): void => {
    if (recorder.count() === 0) return
    rows.postMessage(recorder.take())
    batch.pieces += 1
  }
  const take = (event: StoredEvent): void => {
    folding.fold(event)
    batch.events += 1
    batch.characters += event.data.length + event.metadata.length
    const { position, event_id } = event
    batch.folded = { first: batch.folded?.first ?? { position, event_id }, last: { position, event_id } }
  }
  const isFull = (): boolean =>
    batch.events >= EVENTS_A_BATCH ||
    batch.characters >= CHARACTERS_A_BATCH ||
    folding.characters() >= RUN_CHARACTERS_A_BATCH
  const end = async (position: Position, caughtUp: boolean): Promise<void> => {
    const written = folding.writeRuns(() => {
      if (recorder.count() >= CHANGES_A_PIECE) send()
    })
    unwritten.push(written)
    send()
    const { characters: _, ...told } = batch
    port.postMessage({ ...told, position, caughtUp, statements: recorder.statements } satisfies BatchFolded)
    batch = newBatch()
    while (unwritten.length >= MOST_UNWRITTEN && !signal.aborted)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  const foldAll = async (): Promise<void> => {
    for await (const { events, position, caughtUp } of store.subscribe({ from, signal, batchSize: EVENTS_A_PIECE })) {
      for (const event of events) {
        take(event)
        // Not only where a page of the log ends: every event may have loaded a large run.
        if (isFull()) await end(event.position, false)
        if (signal.aborted) return
      }
      if (caughtUp) await end(position, true)
      else send()
      if (signal.aborted) return
    }
  }
  await foldAll()
  db.close()
  await store.close()
  rows.close()
  port.close()
}

type Batch = { events: number; characters: number; pieces: number; folded: FoldedEvents | null }
const newBatch = (): Batch => ({ events: 0, characters: 0, pieces: 0, folded: null })

const opened = <Opened>(result: Either<unknown, Opened>): Opened => {
  if (result._tag === 'Left') throw new Error(JSON.stringify(result.left))
  return result.right
}

await main(workerData as FoldTask)
