/** Which subtrees a proof is made of (RFC 9162, section 2.1). Pure arithmetic: no hash is needed to know them. */

/** The leaves from `from` up to, not including, `to`. */
export type Range = Readonly<{ from: number; to: number }>

/** The subtrees whose hashes prove that leaf `index` is in the tree of `size` leaves, from the leaf up (RFC 9162, 2.1.3.1). */
export const inclusionRanges = (index: number, size: number): readonly Range[] => {
  const ranges: Range[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    if (index < middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
    }
  }
  return ranges
}

/** The subtrees whose hashes prove that the tree of `first` leaves is a prefix of that of `second` (RFC 9162, 2.1.4.1). */
export const consistencyRanges = (first: number, second: number): readonly Range[] => {
  if (first === 0 || first === second) return []
  const ranges: Range[] = []
  let from = 0
  let to = second
  // Whether what is left of the first tree is a whole tree that its own root stands for.
  let isKnown = true
  while (first < to) {
    const middle = from + splitOf(to - from)
    if (first <= middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
      isKnown = false
    }
  }
  return isKnown ? ranges : [{ from, to }, ...ranges]
}

/** The greatest power of two below `leaves`, which is at least 2. */
export const splitOf = (leaves: number): number => {
  let split = 1
  while (split * 2 < leaves) split *= 2
  return split
}
