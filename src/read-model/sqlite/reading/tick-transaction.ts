/** One read transaction for all reads of one tick of the event loop. */
import type { DatabaseSync } from 'node:sqlite'

/**
 * To be called before each read. The first of a tick begins a read transaction, which ends with the tick: taking the file's
 * locks and giving them back costs a short read as much as the read itself. Reads of one tick see the same moment. Returns
 * whether it is the first. Throws where no transaction can begin.
 */
export const tickTransaction = (db: DatabaseSync): (() => boolean) => {
  const begin = db.prepare('BEGIN')
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')
  let isTick = false

  const end = (): void => {
    isTick = false
    try {
      if (db.isOpen && db.isTransaction) commit.run()
    } catch {
      // Nobody waits for this. The next read meets the same fault, and its caller gets the failure.
    }
  }

  return () => {
    if (isTick && db.isTransaction) return false
    if (db.isTransaction) rollback.run()
    begin.run()
    if (!isTick) setImmediate(end)
    isTick = true
    return true
  }
}

/** `read` in a read transaction of its own. */
export const inReadTransaction = <Result>(db: DatabaseSync, read: () => Result): Result => {
  db.exec('BEGIN')
  try {
    return read()
  } finally {
    if (db.isTransaction) db.exec('COMMIT')
  }
}
