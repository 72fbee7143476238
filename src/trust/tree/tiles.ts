/** The tree in tiles of 256 hashes (C2SP tlog-tiles): which tile holds the hash of a subtree. */
import { type HashOfSubtree, hashOfNode, type TreeHash } from './hashes.ts'

/** A tile holds up to 256 hashes of subtrees of 256^`level` leaves; `n` counts the tiles of a level. */
export type TileId = Readonly<{ level: number; n: number }>

export const TILE_WIDTH = 256
const TILE_HEIGHT = 8
export const HASH_BYTES = 32

/** How many hashes tile `n` of `level` has in the tree of `size` leaves: 0 where it has no such tile. */
export const tileWidth = ({ level, n }: TileId, size: number): number =>
  Math.max(0, Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - n * TILE_WIDTH))

/** `tileOf` returns the hashes of a tile, one after another; it may hold more than are needed. */
export const subtreesOfTiles =
  (tileOf: (tile: TileId) => Uint8Array): HashOfSubtree =>
  (height, index) => {
    const level = Math.floor(height / TILE_HEIGHT)
    const count = 2 ** (height % TILE_HEIGHT)
    const first = index * count
    const n = Math.floor(first / TILE_WIDTH)
    const tile = tileOf({ level, n })
    const hashes = Array.from({ length: count }, (_, i) => hashAt(tile, first + i - n * TILE_WIDTH))
    return combined(hashes)
  }

/** The hash of a whole tile, which stands in the tile above it. */
export const hashOfTile = (tile: Uint8Array): TreeHash =>
  combined(Array.from({ length: TILE_WIDTH }, (_, i) => hashAt(tile, i)))

/** The path of a tile under `/log/tile/` (C2SP tlog-tiles): `<L>/<N>`, with `.p/<W>` where it holds fewer than 256 hashes. */
export const tilePath = ({ level, n }: Readonly<{ level: number | 'entries'; n: number }>, width: number): string => {
  const digits = String(n)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
  return `${level}/${path}${width < TILE_WIDTH ? `.p/${width}` : ''}`
}

export type TilePath = Readonly<{ level: number | 'entries'; n: number; width: number }>

/** What `tilePath` wrote; null where it is no such path. */
export const parseTilePath = (path: string): TilePath | null => {
  const [, level = '', groups = '', width] =
    /^(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path) ?? []
  if (level === '') return null
  const tile = {
    level: level === 'entries' ? level : Number(level),
    n: Number(groups.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  } as const
  // Each tile has one name.
  return tile.width <= TILE_WIDTH && tilePath(tile, tile.width) === path ? tile : null
}

const hashAt = (tile: Uint8Array, i: number): TreeHash => {
  const bytes = tile.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES)
  if (bytes.length < HASH_BYTES) throw new Error(`the tile ends before its hash ${i}`)
  return new Uint8Array(bytes)
}

/** Of a power of two of hashes. */
const combined = (hashes: readonly TreeHash[]): TreeHash => {
  let level = hashes
  while (level.length > 1)
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      hashOfNode(level[2 * i] as TreeHash, level[2 * i + 1] as TreeHash),
    )
  return level[0] as TreeHash
}
