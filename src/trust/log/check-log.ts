/** Hashes every event of the log again, and compares it with a checkpoint. */
import * as E from 'fp-ts/lib/Either.js'
import {
  type EventStore,
  type Position,
  type StoredEvent,
  type StoreUnavailable,
  unavailable,
} from '../../event-store/event-store.ts'
import { isSameBytes } from '../formats/bytes.ts'
import type { Checkpoint } from '../formats/checkpoint.ts'
import { growingRoot } from '../tree/growing-root.ts'
import { hashOfEvent, type TreeHash } from '../tree/hashes.ts'
import { rootAt } from '../tree/proofs.ts'
import { HASH_BYTES, TILE_WIDTH } from '../tree/tiles.ts'
import type { NewLeaf, TreeStore } from '../tree/tree-store.ts'
import { eventsToEnd, leafEventOf } from './leaf-event.ts'

export type EventPlace = Pick<StoredEvent, 'stream' | 'revision' | 'type' | 'position'>

/** What differs first. `index` counts leaves from 0. */
export type LogFault =
  /** The log holds fewer events than the checkpoint covers, or others; which one cannot be said without tiles. */
  | Readonly<{ kind: 'another-root'; events: number }>
  /** The tiles at hand are not those of the checkpoint: they were made again, and say nothing. */
  | Readonly<{ kind: 'another-tree' }>
  /** This event is not the one that was signed in its place. */
  | Readonly<{ kind: 'changed'; index: number; event: EventPlace }>
  /** This event was not there when the checkpoint was signed, or not here. */
  | Readonly<{ kind: 'inserted'; index: number; event: EventPlace }>
  /** `missing` events that were signed are not there, the first of them after `after` (null: it was the first of all). */
  | Readonly<{ kind: 'missing'; index: number; missing: number; after: EventPlace | null }>

export type LogCheck = Readonly<{
  /** How many events the log holds, as far as it was read. */
  events: number
  /** Whether tiles were at hand that name the first event. */
  withTiles: boolean
  fault: LogFault | null
}>

type Checking = Readonly<{
  store: EventStore
  checkpoint: Checkpoint
  /** The tree, or a backup of it; null where none is at hand. */
  tree: TreeStore | null
  onProgress: (events: number) => void
}>

/** Reads the log from its beginning up to what the checkpoint covers. */
export const checkLog = async ({
  store,
  checkpoint,
  tree,
  onProgress,
}: Checking): Promise<E.Either<StoreUnavailable, LogCheck>> => {
  const hasLeaves = tree !== null && tree.size() >= checkpoint.size
  if (hasLeaves && !isSameBytes(rootAt(tree, checkpoint.size), checkpoint.root))
    return E.right({ events: 0, withTiles: true, fault: { kind: 'another-tree' } })
  const comparison = hasLeaves ? leafByLeaf(tree, checkpoint.size) : byRoot(checkpoint)
  let events = 0
  try {
    for await (const part of eventsToEnd(store)) {
      for (const event of part.events) {
        if (comparison.isOver()) break
        comparison.next(event, hashOfEvent(leafEventOf(event)))
        events += 1
      }
      onProgress(events)
      if (comparison.isOver()) break
    }
  } catch (error) {
    return E.left(unavailable((error as Error).message))
  }
  return E.right({ events, withTiles: hasLeaves, fault: comparison.fault() })
}

type Comparison = Readonly<{
  next: (event: StoredEvent, hash: TreeHash) => void
  /** Whether no further event can change what was found. */
  isOver: () => boolean
  /** To be asked after the last event. */
  fault: () => LogFault | null
}>

const byRoot = ({ size, root }: Checkpoint): Comparison => {
  const growing = growingRoot()
  let events = 0
  return {
    next: (_event, hash) => {
      growing.add(hash)
      events += 1
    },
    isOver: () => events >= size,
    fault: () => (events === size && isSameBytes(growing.root(), root) ? null : { kind: 'another-root', events }),
  }
}

/** An event that is gone leaves its position free; what was put in its place has it. */
const leafByLeaf = (tree: TreeStore, size: number): Comparison => {
  const leafAt = leavesOf(tree)
  let index = 0
  let before: EventPlace | null = null
  let missing: Extract<LogFault, { kind: 'missing' }> | null = null
  let found: LogFault | null = null

  const miss = (leaves: number): void => {
    if (leaves === 0) return
    missing = missing ?? { kind: 'missing', index, missing: 0, after: before }
    missing = { ...missing, missing: missing.missing + leaves }
    index += leaves
  }
  return {
    next: (event, hash) => {
      while (index < size && leafAt(index).position < event.position && !isSameBytes(leafAt(index).hash, hash)) miss(1)
      // It came after the checkpoint.
      if (index === size) return
      const leaf = leafAt(index)
      if (!isSameBytes(leaf.hash, hash)) found = { kind: kindAt(leaf.position, event), index, event: placeOf(event) }
      index += 1
      before = placeOf(event)
    },
    isOver: () => found !== null || index >= size,
    fault: () => {
      // What is missing is said first: it stands before what was found.
      if (found === null) miss(size - index)
      return missing ?? found
    },
  }
}

const kindAt = (position: Position, event: StoredEvent) => (event.position === position ? 'changed' : 'inserted')

const placeOf = ({ stream, revision, type, position }: StoredEvent): EventPlace => ({
  stream,
  revision,
  type,
  position,
})

/** Reads the tree tile by tile. */
const leavesOf = (tree: TreeStore): ((index: number) => NewLeaf) => {
  let read = { n: -1, hashes: new Uint8Array(0), positions: [] as readonly Position[] }
  return (index) => {
    const n = Math.floor(index / TILE_WIDTH)
    if (read.n !== n)
      read = { n, hashes: new Uint8Array(tree.tile({ level: 0, n }) ?? []), positions: tree.positionsOf(n) }
    const at = index % TILE_WIDTH
    return {
      position: read.positions[at] ?? '',
      hash: read.hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
    }
  }
}
