/** Tells those who wait for a position that parts have moved. */
import type pg from 'pg'
import { MOVED_CHANNEL } from '../parts.ts'

const LEAST_MS = 100

/** Returns what is called after each write: it notifies at most every 100 ms, and once after the last. */
export const createNotifier = (pool: pg.Pool): (() => void) => {
  let isDue = false
  let waiting = false

  const notify = async (): Promise<void> => {
    waiting = true
    isDue = false
    // Anyone who waits looks at a clock, too.
    await pool.query('SELECT pg_notify($1, $2)', [MOVED_CHANNEL, '']).catch(() => undefined)
    setTimeout(() => {
      waiting = false
      if (isDue) void notify()
    }, LEAST_MS).unref()
  }

  return () => {
    if (waiting) isDue = true
    else void notify()
  }
}
