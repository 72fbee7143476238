/** One look at the tables for all reads of one turn of the event loop. */
import type { DatabaseSync } from 'node:sqlite'

/**
 * To be called before each read. The first of a turn begins a read transaction, which ends with the turn: taking and
 * giving back the file's locks costs a short read as much as the read itself. Reads of one turn see the same moment.
 * Answers whether it is the first.
 */
export const turnSnapshot = (db: DatabaseSync): (() => boolean) => {
  const begin = db.prepare('BEGIN')
  const commit = db.prepare('COMMIT')
  const end = () => {
    if (db.isOpen && db.isTransaction) commit.run()
  }
  return () => {
    if (db.isTransaction) return false
    begin.run()
    setImmediate(end)
    return true
  }
}

/** `read` in a read transaction of its own, or in the one that reads before it in this turn have begun. */
export const inSnapshot =
  <Args extends readonly unknown[], Result>(db: DatabaseSync, read: (...args: Args) => Result) =>
  (...args: Args): Result => {
    if (db.isTransaction) return read(...args)
    db.exec('BEGIN')
    try {
      return read(...args)
    } finally {
      db.exec('COMMIT')
    }
  }
