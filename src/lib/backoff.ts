/** How long to wait before another try. */

/** In ms: no wait is shorter than `minDelay` or longer than `maxDelay`, which is at least twice as long. */
export type Backoff = Readonly<{ minDelay: number; maxDelay: number }>

/**
 * The wait in ms after `failures` earlier waits in a row, doubled with each of them. Half of it is random, so that those who
 * failed together do not come back together.
 */
export const backoff = ({ minDelay, maxDelay }: Backoff, failures: number): number =>
  Math.min(maxDelay, minDelay * 2 ** (failures + 1)) * (0.5 + Math.random() / 2)
