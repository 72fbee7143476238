/** The log folded for a rebuild by a thread of its own, batch by batch, for another that writes what came of it. */
import { on } from 'node:events'
import { extname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Position } from '../../event-store/event-store.ts'
import type { EventStoreConfig } from '../../event-store/open.ts'
import type { FoldedEvents } from '../sqlite/checkpoint.ts'
import { type Changes, createPlayer } from '../sqlite/writing/statement-batch.ts'

/** `rows`: by which `Changes` come, ahead of the `BatchFolded` that they belong to. */
export type FoldTask = Readonly<{ eventStore: EventStoreConfig; path: string; from: Position; rows: MessagePort }>

/** What the thread tells of a batch, as a whole. */
export type BatchFolded = Readonly<{
  position: Position
  /** Null where it has no events. */
  folded: FoldedEvents | null
  events: number
  /** That was all that the log held just now. */
  caughtUp: boolean
  /** What changes the tables: `Changes` are by the number of these. */
  statements: readonly string[]
  /** How many `Changes` have come by the other port. */
  pieces: number
}>

/** `written`: a batch is in the tables. */
export type ToFolder = 'written' | 'stop'

/** A batch, and how to make its changes: to be called once. */
export type FoldedBatch = Omit<BatchFolded, 'statements' | 'pieces'> & Readonly<{ makeChanges: () => void }>

type Options = Omit<FoldTask, 'rows'> & Readonly<{ db: DatabaseSync; signal: AbortSignal }>

// A thread that hangs must not hold up whoever stops it.
const STOP_MS = 5_000

// What waits to be sent is young, or it is moved and marked: with 16 MB a rebuild took a tenth more CPU, with more than this no less.
const MEMORY = { maxYoungGenerationSizeMb: 48, maxOldGenerationSizeMb: 512 } as const

// The published program is compiled, a clone runs as it is.
const WORKER = new URL(`./rebuild-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * Every batch after `from`, without end: a batch counts as written once the next is asked for. Throws where the thread
 * dies; its owner starts a new one from what is written.
 */
export async function* foldedBatches({ db, signal, ...task }: Options): AsyncGenerator<FoldedBatch, void, undefined> {
  const { port1: rows, port2 } = new MessageChannel()
  const worker = new Worker(WORKER, {
    workerData: { ...task, rows: port2 } satisfies FoldTask,
    transferList: [port2],
    resourceLimits: MEMORY,
  })
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  // Whoever listens to messages is told of it too.
  worker.on('error', () => undefined)
  const tell = (message: ToFolder): void => worker.postMessage(message)
  let play: ((changes: Changes) => void) | null = null
  try {
    for await (const [told] of on(worker, 'message', { signal, close: ['exit'] })) {
      const { statements, pieces, ...batch } = told as BatchFolded
      play ??= createPlayer(db, statements)
      const player = play
      // Taken from the queue only here: until then they are bytes, which the collector does not look at.
      const makeChanges = () => {
        for (let piece = 0; piece < pieces; piece += 1) player(receiveMessageOnPort(rows)?.message as Changes)
      }
      yield { ...batch, makeChanges }
      tell('written')
    }
    throw new Error('the thread that folds the log has ended')
  } finally {
    tell('stop')
    const hanging = setTimeout(() => worker.terminate(), STOP_MS)
    await ended
    clearTimeout(hanging)
    rows.close()
  }
}
