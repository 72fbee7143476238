/** Waits for the read model to get somewhere: woken by the projectors' notifications, and by a clock where none come. */
import type { Position } from '../../../event-store/event-store.ts'

export type PositionWatch = Readonly<{
  /** Whether the read model got to `position` within `timeout` ms. While it cannot be read, it may be being made. */
  waitFor: (position: Position, timeout: number) => Promise<boolean>
  /** Ends all waiting. */
  close: () => void
}>

export type PositionSource = Readonly<{
  /** Null where it cannot be read. */
  position: () => Promise<Position | null>
  /** Calls back at every notification until the returned function is called. */
  listen: (notified: () => void) => () => void
}>

/** How long a lost notification delays who waits. */
const POLL_MS = 1_000

/** All who wait share one look at the positions at a time, however many they are. */
export const createPositionWatch = ({ position, listen }: PositionSource): PositionWatch => {
  const waiting = new Set<Readonly<{ position: Position; end: (arrived: boolean) => void }>>()
  let unlisten: (() => void) | null = null
  let poll: NodeJS.Timeout | undefined
  let look: Promise<void> | null = null
  let isStale = false

  const lookNow = async (): Promise<void> => {
    do {
      // Who comes in the same turn shares the look.
      await Promise.resolve()
      isStale = false
      const reached = await position()
      if (reached !== null) for (const each of waiting) if (each.position <= reached) each.end(true)
    } while (isStale && waiting.size > 0)
    look = null
    clearTimeout(poll)
    if (waiting.size > 0) poll = setTimeout(wake, POLL_MS)
  }

  /** What was notified while a look was under way may have happened after it: one more follows. */
  const wake = (): void => {
    if (waiting.size === 0) return
    if (look === null) look = lookNow()
    else isStale = true
  }

  return {
    waitFor: (wanted, timeout) =>
      new Promise((resolve) => {
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
        unlisten ??= listen(wake)
        wake()
      }),
    close: () => {
      clearTimeout(poll)
      unlisten?.()
      for (const each of waiting) each.end(false)
    },
  }
}
