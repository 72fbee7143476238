/** Turns for work that would take the whole server: pages of exports and of streams that are behind, lines of batches. */

/** Resolves when a part of the work may be done. Those that ask under one key, for the same page, get their turn together. */
export type WorkScheduler = (key?: string) => Promise<void>

/**
 * One part, some milliseconds of work, is done in a turn of the event loop, however many ask: other requests wait for one at
 * most. None is done while `mustWait`.
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
