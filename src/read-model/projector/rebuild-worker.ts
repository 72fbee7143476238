/** A rebuild's other thread: reads the log, folds it, and sends what to change in the tables that are being made. */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { type Either, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { openEventStore } from '../../event-store/open.ts'
import { type LoadStates, lowestOf, type RunState, type RunStates, type TableSet } from '../projection-store.ts'
import { openNextStates } from '../sqlite/writing/projection-store.ts'
import { createBatchWriter } from './batch-writer.ts'
import type { BatchFolded, FoldTask, ToFolder } from './rebuild-channel.ts'

// A batch is folded when it is full: in larger pages of the log more events wait for that.
const EVENTS_A_PAGE = 128
// The more events a batch, the fewer times a run is written; but the live tables wait while a batch is.
const BATCH = { events: 3_072, characters: 4 * 1024 * 1024 } as const
// A run that is not in memory is read from the tables again: with half of this a tenth of the thread's time.
const CACHE_CHARACTERS = 8 * 1024 * 1024
// One is being written, the next is there when it is.
const MOST_UNWRITTEN = 2
const PRIORITY = 10

const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')

// Threads that serve requests go first. Elsewhere this would be the priority of the whole process.
if (process.platform === 'linux') setPriority(PRIORITY)

const main = async ({ eventStore, path, marks, changes }: FoldTask): Promise<void> => {
  const store = opened(await openEventStore(eventStore, 'read')())
  const states = opened(openNextStates(path))
  const stopping = new AbortController()
  const { signal } = stopping
  const unwritten = createUnwritten(signal)
  port.on('message', (message: ToFolder) => {
    if (message === 'stop') stopping.abort()
    else unwritten.written()
  })

  let caughtUp = false
  /** Sends the batch to the thread that writes, and waits until another may follow. */
  const commit: TableSet['commit'] =
    ({ changes: made, ...batch }) =>
    async () => {
      let pieces = 0
      let next = made.next()
      for (; next.done !== true; next = made.next()) {
        changes.postMessage(next.value)
        pieces += 1
      }
      port.postMessage({ ...batch, caughtUp, pieces } satisfies BatchFolded)
      await unwritten.add(next.value)
      return right(next.value)
    }
  const loadStates = unwritten.over(states.loadStates)
  const tables = { partOf: states.partOf, loadStates, commit }
  const writer = createBatchWriter({ tables, marks, cacheCharacters: CACHE_CHARACTERS })
  const isFull = (): boolean => {
    const { events, characters } = writer.pending()
    return events >= BATCH.events || characters >= BATCH.characters
  }

  const from = lowestOf(marks)
  for await (const batch of store.subscribe({ from, signal, batchSize: EVENTS_A_PAGE })) {
    for (const event of batch.events) writer.add(event)
    for (const mark of batch.marks) writer.addMark(mark)
    if (batch.caughtUp || isFull()) opened(await writer.write(batch.position)())
    if (batch.caughtUp) {
      // A batch may be written in parts: that all of it is written is said by one without events.
      caughtUp = true
      opened(await writer.write(batch.position)())
      caughtUp = false
    }
    if (signal.aborted) break
  }
  states.close()
  await store.close()
  changes.close()
  port.close()
}

type Unwritten = Readonly<{
  /** A batch that was sent; waits while there are too many of them. */
  add: (states: RunStates) => Promise<void>
  /** The oldest of them is in the tables. */
  written: () => void
  /** `load`, but of what is not in the tables yet. */
  over: (load: LoadStates) => LoadStates
}>

const createUnwritten = (signal: AbortSignal): Unwritten => {
  const batches: RunStates[] = []
  let wake = (): void => undefined
  signal.addEventListener('abort', () => wake())
  return {
    add: async (states) => {
      batches.push(states)
      while (batches.length >= MOST_UNWRITTEN && !signal.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    },
    written: () => {
      batches.shift()
      wake()
    },
    over: (load) => (run_ids, mostCharacters) => {
      const found = new Map<string, RunState>()
      for (const states of batches)
        for (const run_id of run_ids) {
          const state = states.get(run_id)
          if (state !== undefined) found.set(run_id, state)
        }
      return pipe(
        load(
          run_ids.filter((run_id) => !found.has(run_id)),
          mostCharacters,
        ),
        TE.map((loaded) => new Map([...loaded, ...found])),
      )
    },
  }
}

const opened = <Opened>(result: Either<unknown, Opened>): Opened => {
  if (result._tag === 'Left') throw new Error(JSON.stringify(result.left))
  return result.right
}

await main(workerData as FoldTask)
