/** Keeps the memory of long work small: V8 would let the heap's young generation grow to 128 MB for speed it hardly gains. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const ENOUGH_BYTES = 8 * 1024 * 1024

/** To be called now and then; once the young generation is large enough to be quick, it grows no more in this process. */
export const boundYoungGeneration = (): (() => void) => {
  let bounded = false
  return () => {
    if (bounded || youngBytes() < ENOUGH_BYTES) return
    // The flag for its greatest size is read at the start of the process only, this one at every collection.
    setFlagsFromString('--semi-space-growth-factor=1')
    bounded = true
  }
}

const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
