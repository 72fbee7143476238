/** Waits for the read model to get somewhere. */
import type { Position } from '../../../event-store/event-store.ts'

export type CheckpointWatch = Readonly<{
  /** Whether the read model got to `position` within `timeout` ms. While it cannot be read, it may be being made. */
  waitFor: (position: Position, timeout: number) => Promise<boolean>
  /** Ends all waiting. */
  close: () => void
}>

const POLL_MS = 5

/** All who wait share one look at the checkpoint every few milliseconds, however many they are. `position`: null where it cannot be read. */
export const createCheckpointWatch = (position: () => Position | null): CheckpointWatch => {
  const waiting = new Set<Readonly<{ position: Position; end: (arrived: boolean) => void }>>()
  let poll: NodeJS.Timeout | undefined

  const look = (): void => {
    const reached = position()
    if (reached !== null) for (const each of waiting) if (each.position <= reached) each.end(true)
    if (waiting.size > 0) poll = setTimeout(look, POLL_MS)
    else poll = undefined
  }

  return {
    waitFor: (wanted, timeout) => {
      const reached = position()
      if (reached !== null && reached >= wanted) return Promise.resolve(true)
      return new Promise((resolve) => {
        const waiter = {
          position: wanted,
          end: (arrived: boolean) => {
            clearTimeout(limit)
            waiting.delete(waiter)
            resolve(arrived)
          },
        }
        const limit = setTimeout(() => waiter.end(false), timeout)
        waiting.add(waiter)
        poll ??= setTimeout(look, POLL_MS)
      })
    },
    close: () => {
      clearTimeout(poll)
      for (const each of waiting) each.end(false)
    },
  }
}
