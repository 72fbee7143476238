/**
 * What is better said to V8's garbage collector than guessed by it. For long work it would let the heap's young generation
 * grow to 128 MB, and the old one to several times what is in use, for speed that they hardly gain.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const ENOUGH_BYTES = 8 * 1024 * 1024

/**
 * To be called now and then; once the young generation is large enough to be quick, it grows no more in this process, and
 * the old one is collected whenever it has grown by a third.
 */
export const boundYoungGeneration = (): (() => void) => {
  let bounded = false
  return () => {
    if (bounded || youngBytes() < ENOUGH_BYTES) return
    // The flags for their greatest sizes are read at the start of the process only, these at every collection.
    setFlagsFromString('--semi-space-growth-factor=1')
    setFlagsFromString('--heap-growing-percent=30')
    bounded = true
  }
}

/**
 * To be called before a server's first request. As long as the young generation is small, all that is under way outlives its
 * collections; V8 takes it for long-lived then and makes its like in the old generation from there on, where each keeps
 * alive what it refers to: most of every request would be moved twice before it is given up.
 */
export const keepRequestsYoung = (): void => setFlagsFromString('--no-allocation-site-pretenuring')

const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
