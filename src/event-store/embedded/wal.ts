/** Keeps the write-ahead log short, whoever reads. */
import type { DatabaseSync } from 'node:sqlite'

// SQLite's own checkpoints stop at what the oldest reader needs, and the WAL begins anew only where nobody reads: with
// readers that take turns it would grow for ever. Beyond this many pages (48 MB) the writer waits for them.
const MAX_PAGES = 12_000
// Asking how long it is costs as much as storing ten events.
const ASK_EVERY_PAGES = 1_000
const PAGE_BYTES = 4_096
// Of a commit, beside what its events fill: the ends of the table and its index, and the way down to them.
const PAGES_A_COMMIT = 8

/** To be called after each commit with its bytes: now and then a checkpoint that waits for readers as long as any statement may. */
export const createWalKeeper = (database: DatabaseSync): ((bytes: number) => void) => {
  const size = database.prepare('PRAGMA wal_checkpoint(NOOP)')
  const restart = database.prepare('PRAGMA wal_checkpoint(RESTART)')
  let limit = MAX_PAGES
  let written = ASK_EVERY_PAGES
  return (bytes) => {
    written += PAGES_A_COMMIT + bytes / PAGE_BYTES
    if (written < ASK_EVERY_PAGES) return
    written = 0
    try {
      const pages = Number(size.get()?.log)
      if (pages <= limit) return
      // One that reads for long makes the writer wait again only when the WAL has doubled.
      limit = restart.get()?.busy === 1 ? 2 * pages : MAX_PAGES
    } catch {
      // What was committed is in the WAL all the same, and a commit that fails says so itself.
    }
  }
}
