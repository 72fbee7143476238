/** The port to the stored tree: its tiles, where its leaves stand in the log, and the checkpoints that were signed. */
import type { TreeHash } from './hashes.ts'
import type { TileId } from './tiles.ts'

/** A leaf to append: its hash, and the log position of its event. */
export type NewLeaf = Readonly<{ position: string; hash: TreeHash }>

/** A signed checkpoint as it was published. `signed_at` is a 24-character UTC time. */
export type SignedCheckpoint = Readonly<{ size: number; root: TreeHash; note: string; signed_at: string }>

/**
 * Everything is synchronous and throws where the file fails: its one writer lives in a thread of its own, and a read is a few
 * rows by key.
 */
export type TreeStore = Readonly<{
  /** How many leaves the tree has. */
  size: () => number
  /** The log position of the last leaf, null in an empty tree. */
  lastPosition: () => string | null
  /** Appends leaves in the order of the log: all of them or, where it throws, none. */
  append: (leaves: readonly NewLeaf[]) => void
  /** A tile's hashes one after another, null where the tree has no such tile. */
  tile: (tile: TileId) => Uint8Array | null
  /** The index of the leaf whose event is at this log position; null where there is none. */
  indexAt: (position: string) => number | null
  /** The log positions of the leaves of level-0 tile `n`. */
  positionsOf: (n: number) => readonly string[]
  /** The checkpoint of the largest tree that was signed, null before the first. */
  newestCheckpoint: () => SignedCheckpoint | null
  /** The signed checkpoint of exactly this size. */
  checkpoint: (size: number) => SignedCheckpoint | null
  /** Stores a checkpoint, in place of one of the same size: it may have gained cosignatures. */
  putCheckpoint: (checkpoint: SignedCheckpoint) => void
  close: () => void
}>
