/**
 * Moves SQLite's write-ahead log into the file from a thread of its own (a checkpoint, as SQLite calls it): 40 ms, every half
 * second under load, for which the writer and those who wait for what it writes would else stand still.
 */
import { once } from 'node:events'
import { extname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'

export type WalThread = Readonly<{
  /** To be called after each commit: 2 µs. */
  committed: () => void
  /** Ends the thread, if there is one. */
  stop: () => Promise<void>
}>

// 4 MB. More, and the thread takes long over it; less, and pages that are written often are moved often.
const PAGES = 1_000

// In MB: it holds next to nothing.
const MEMORY = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 32 } as const

// The published program is compiled, a clone runs as it is.
const WORKER = new URL(`./wal-worker${extname(import.meta.url)}`, import.meta.url)

/**
 * For the writer of `database`. What comes faster than the thread moves it the writer still moves itself
 * (`wal_autocheckpoint`). The thread starts when the log is first long enough; where it fails, the writer goes on without it.
 */
export const createWalThread = (database: DatabaseSync): WalThread => {
  const state = database.prepare('PRAGMA wal_checkpoint(NOOP)')
  let thread: Worker | null = null
  let isBusy = false

  const start = (): Worker => {
    const started = new Worker(WORKER, { workerData: database.location(), resourceLimits: MEMORY })
    started.unref()
    started.on('message', () => {
      isBusy = false
    })
    // It stays busy, and so is asked no more.
    started.on('error', () => undefined)
    return started
  }

  return {
    committed: () => {
      if (isBusy) return
      const { log, checkpointed } = state.get() as Readonly<{ log: number; checkpointed: number }>
      if (log - checkpointed < PAGES) return
      isBusy = true
      thread ??= start()
      thread.postMessage('checkpoint')
    },
    stop: async () => {
      const stopping = thread
      if (stopping === null) return
      isBusy = true
      thread = null
      const ended = once(stopping, 'exit').catch(() => undefined)
      // Awaited, so it may keep the process now.
      stopping.ref()
      stopping.postMessage('stop')
      await ended
    },
  }
}
