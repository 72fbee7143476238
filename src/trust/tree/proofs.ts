/** Proofs from the stored tree: which hashes show that a leaf, or a smaller tree, is part of a larger one. */
import { hashOfRange, type TreeHash } from './hashes.ts'
import { consistencyRanges, inclusionRanges, type Range } from './ranges.ts'
import { subtreesOfTiles, type TileId } from './tiles.ts'
import type { TreeStore } from './tree-store.ts'

type Tiles = Pick<TreeStore, 'tile'>

/** The root of the tree's first `size` leaves, of which the tree has at least as many. */
export const rootAt = (tree: Tiles, size: number): TreeHash => hashesOf(tree, [{ from: 0, to: size }])[0] as TreeHash

/** The path from leaf `index` to the root of the first `size` leaves; `index` is below `size`. */
export const inclusionProof = (tree: Tiles, index: number, size: number): readonly TreeHash[] =>
  hashesOf(tree, inclusionRanges(index, size))

/** The path that shows the first `first` leaves to be a prefix of the first `second`. */
export const consistencyProof = (tree: Tiles, first: number, second: number): readonly TreeHash[] =>
  hashesOf(tree, consistencyRanges(first, second))

const hashesOf = (tree: Tiles, ranges: readonly Range[]): readonly TreeHash[] => {
  // One proof asks for the same tile up to eight times.
  const read = new Map<string, Uint8Array>()
  const tileOf = (id: TileId): Uint8Array => {
    const key = `${id.level}/${id.n}`
    const tile = read.get(key) ?? tree.tile(id)
    if (tile === null) throw new Error(`the tree lacks tile ${key}`)
    read.set(key, tile)
    return tile
  }
  return ranges.map((range) => hashOfRange(range, subtreesOfTiles(tileOf)))
}
