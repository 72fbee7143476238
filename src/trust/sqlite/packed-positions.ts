/** Growing log positions as bytes: each as the difference from the one before, 7 bits a byte (LEB128). */

/** `positions` grow, and are safe integers. */
export const packPositions = (positions: readonly number[]): Uint8Array => {
  const bytes: number[] = []
  let before = 0
  for (const position of positions) {
    let rest = position - before
    // By division: a first position may have more than the 32 bits that `>>` knows.
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
    bytes.push(rest)
    before = position
  }
  return Uint8Array.from(bytes)
}

export const unpackPositions = (bytes: Uint8Array): readonly number[] => {
  const positions: number[] = []
  let position = 0
  let scale = 1
  for (const byte of bytes) {
    position += (byte % 128) * scale
    if (byte >= 128) scale *= 128
    else {
      positions.push(position)
      scale = 1
    }
  }
  return positions
}
