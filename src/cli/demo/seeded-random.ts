/** Random numbers that can be repeated. */

export type Random = Readonly<{
  /** From 0 to below 1. */
  next: () => number
  between: (least: number, most: number) => number
  /** One of `values`, of which there must be some. */
  pick: <A>(values: readonly A[]) => A
  chance: (share: number) => boolean
}>

/** Mulberry32: small, quick, and good enough to look at. The same `seed` gives the same numbers. */
export const seededRandom = (seed: number): Random => {
  let state = seed + 0x6d2b79f5
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: <A>(values: readonly A[]) => values[Math.floor(next() * values.length)] as A,
    chance: (share) => next() < share,
  }
}
