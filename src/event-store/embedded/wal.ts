/** Keeps the write-ahead log short, even while others read. */
import type { DatabaseSync } from 'node:sqlite'

// SQLite's own checkpoints stop at what the oldest reader needs, and the WAL restarts only while nobody reads: with
// readers that take turns it would grow for ever. Beyond this many pages (48 MB) the writer waits for them.
const MAX_PAGES = 12_000
// To ask how long it is costs as much as to store ten events.
const ASK_EVERY_MS = 50

/** To be called after each commit: now and then a checkpoint that waits for readers as long as any statement may wait. */
export const createWalKeeper = (database: DatabaseSync): (() => void) => {
  const size = database.prepare('PRAGMA wal_checkpoint(NOOP)')
  const restart = database.prepare('PRAGMA wal_checkpoint(RESTART)')
  let limit = MAX_PAGES
  let asked = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    if (now - asked < ASK_EVERY_MS) return
    asked = now
    try {
      const pages = Number(size.get()?.log)
      if (pages <= limit) return
      // One that reads for long makes the writer wait again only when the WAL has doubled.
      limit = restart.get()?.busy === 1 ? 2 * pages : MAX_PAGES
    } catch {
      // What was committed is in the WAL all the same, and a commit that fails returns its own error.
    }
  }
}
