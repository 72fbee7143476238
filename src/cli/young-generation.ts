/**
 * Keeps the memory of long work small: V8 would let the heap's young generation grow to 128 MB, and the old one to several
 * times what is in use, for speed that they hardly gain.
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

const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
