/** Schedules long work in parts, so that other requests are served between: pages of exports and of late streams, lines of batches. */

/** Resolves when a part of the work may be done. All calls with one key, for the same page, resolve together. */
export type WorkScheduler = (key?: string) => Promise<void>

/**
 * Allows one part, some milliseconds of work, in each turn of the event loop, so that other requests wait for one part at
 * most. Allows none while `mustWait` returns true.
 */
export const workScheduler = (mustWait: () => boolean = () => false): WorkScheduler => {
  const waiting = new Map<string | symbol, (() => void)[]>()
  let isScheduled = false

  const schedule = (): void => {
    isScheduled = true
    if (mustWait()) setTimeout(nextTurn, FULL_WAIT_MS)
    else setImmediate(nextTurn)
  }

  const nextTurn = (): void => {
    isScheduled = false
    if (!mustWait()) {
      const [next] = waiting
      if (next === undefined) return
      waiting.delete(next[0])
      for (const go of next[1]) go()
    }
    if (waiting.size > 0) schedule()
  }

  return (key) =>
    new Promise((resolve) => {
      const under = key ?? Symbol('work of its own')
      const others = waiting.get(under)
      if (others === undefined) waiting.set(under, [resolve])
      else others.push(resolve)
      if (!isScheduled) schedule()
    })
}

const FULL_WAIT_MS = 10
