/** The log folded for a rebuild by a thread of its own, batch by batch, for another that writes what came of it. */
import { on } from 'node:events'
import { extname } from 'node:path'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { ChangeSet } from '../../../projections/collect-changes.ts'
import type { EventStoreConfig } from '../../event-store/config.ts'
import type { Batch, PartMark, RunStates } from '../projection-store.ts'

/** `marks`: where the next tables are. `changes`: by which sets of changes come, ahead of the batch they belong to. */
export type FoldTask = Readonly<{
  eventStore: EventStoreConfig
  path: string
  marks: readonly PartMark[]
  changes: MessagePort
}>

/** What the thread says of a batch, as a whole. */
export type BatchFolded = Omit<Batch, 'changes'> &
  Readonly<{
    /** That was all that the log held just now. */
    caughtUp: boolean
    /** How many sets of changes have come by the other port. */
    pieces: number
  }>

/** `written`: a batch is in the tables. */
export type ToFolder = 'written' | 'stop'

/** A batch: to be committed once. */
export type FoldedBatch = Batch & Pick<BatchFolded, 'caughtUp'>

type Options = Omit<FoldTask, 'changes'> & Readonly<{ signal: AbortSignal }>

// A thread that hangs must not block the one that stops it.
const STOP_MS = 5_000

// The events of a batch stay young, or they are moved and marked: with half of this a rebuild takes a tenth more CPU.
const MEMORY = { maxYoungGenerationSizeMb: 96, maxOldGenerationSizeMb: 512 } as const

// The published program is compiled, a clone runs as it is.
const WORKER = new URL(`./rebuild-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * Every batch after `marks`, without end: a batch counts as written once the next is asked for. Throws where the thread
 * dies; its owner starts a new one from what is written.
 */
export async function* foldedBatches({ signal, ...task }: Options): AsyncGenerator<FoldedBatch, void, undefined> {
  const { port1: pieces, port2 } = new MessageChannel()
  const worker = new Worker(WORKER, {
    workerData: { ...task, changes: port2 } satisfies FoldTask,
    transferList: [port2],
    resourceLimits: MEMORY,
  })
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  // Listeners to messages get it too.
  worker.on('error', () => undefined)
  const tell = (message: ToFolder): void => worker.postMessage(message)
  try {
    for await (const [message] of on(worker, 'message', { signal, close: ['exit'] })) {
      const { pieces: count, ...batch } = message as BatchFolded
      yield { ...batch, changes: received(pieces, count) }
      tell('written')
    }
    throw new Error('the thread that folds the log has ended')
  } finally {
    tell('stop')
    const hanging = setTimeout(() => worker.terminate(), STOP_MS)
    await ended
    clearTimeout(hanging)
    pieces.close()
  }
}

/** Taken from the queue one by one: until then they are bytes, which the collector does not look at. */
function* received(port: MessagePort, count: number): Generator<ChangeSet, RunStates> {
  for (let piece = 0; piece < count; piece += 1) yield receiveMessageOnPort(port)?.message as ChangeSet
  return new Map()
}
