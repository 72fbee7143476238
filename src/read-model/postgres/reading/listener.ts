/** A session that listens for notifications of the projectors, and another one where it is lost. */
import pg from 'pg'
import { sleep, unlessAborted } from '../../../lib/abortable.ts'

const AGAIN_MS = 1_000

/** Calls `notified` at every notification on `channel`, and whenever some may have been missed, until the returned function is called. */
export const listenOn =
  (pool: pg.Pool, channel: string) =>
  (notified: () => void): (() => void) => {
    const stopped = new AbortController()
    const { signal } = stopped

    const follow = async (): Promise<void> => {
      while (!signal.aborted) {
        await listenOnce(pool, channel, notified, signal)
        notified()
        await sleep(AGAIN_MS, signal)
      }
    }
    void follow()
    return () => stopped.abort()
  }

/** Resolves once the session is lost, or by the signal. Anyone who waits also polls by a clock: failures are not reported here. */
const listenOnce = async (pool: pg.Pool, channel: string, notified: () => void, signal: AbortSignal): Promise<void> => {
  try {
    const client = await pool.connect()
    const lost = new Promise<void>((resolve) => {
      client.on('end', resolve)
      client.on('error', () => resolve())
    })
    client.on('notification', notified)
    try {
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`)
      notified()
      await unlessAborted(lost, signal)
    } finally {
      client.release(true)
    }
  } catch {
    // The next try comes soon.
  }
}
