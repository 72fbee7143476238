/** Mutual exclusion inside one process: work that must not overlap runs one piece at a time, in the order of asking. */

/** Runs `work` once all work given before it has ended, and returns its result. A failure does not stop what waits. */
export type Mutex = <Result>(work: () => Result | Promise<Result>) => Promise<Result>

/** A mutex for each key: work under different keys does not wait for each other. */
export type KeyedMutex = <Result>(key: string, work: () => Result | Promise<Result>) => Promise<Result>

export const createMutex = (): Mutex => {
  const exclusive = createKeyedMutex()
  return (work) => exclusive('', work)
}

/** Holds no key longer than there is work under it. */
export const createKeyedMutex = (): KeyedMutex => {
  const last = new Map<string, Promise<unknown>>()
  return (key, work) => {
    const mine = after(last.get(key), work)
    const release = () => {
      if (last.get(key) === mine) last.delete(key)
    }
    last.set(key, mine)
    mine.then(release, release)
    return mine
  }
}

/** Runs `work` after `before`, at once where there is nothing before. */
const after = async <Result>(before: Promise<unknown> | undefined, work: () => Result | Promise<Result>) => {
  // The failure of earlier work goes to its own caller.
  if (before !== undefined) await before.catch(() => undefined)
  return work()
}
