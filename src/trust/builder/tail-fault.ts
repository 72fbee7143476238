/** Whether the log still ends as the tree does: one that was restored from a backup, or rewritten, does not. */
import { type EventStore, type Position, START, type StoredEvent } from '../../event-store/event-store.ts'
import { isSameBytes } from '../formats/bytes.ts'
import { eventsToEnd, leafEventOf } from '../log/leaf-event.ts'
import { hashOfEvent } from '../tree/hashes.ts'
import { HASH_BYTES, TILE_WIDTH } from '../tree/tiles.ts'
import type { NewLeaf, TreeStore } from '../tree/tree-store.ts'

/** How many of the last leaves are compared. */
const COMPARED = 16

/**
 * What differs between the last leaves of the tree and the log, null where nothing does. `canLack`: the store removes events
 * by itself (a scavenge), so that a leaf without an event is no fault there. Throws where the log cannot be read.
 */
export const tailFault = async (tree: TreeStore, store: EventStore, canLack: boolean): Promise<string | null> => {
  const { from, leaves } = tailOf(tree)
  const last = leaves.at(-1)
  if (last === undefined) return null
  const { events, isWhole } = await eventsUpTo(last.position, store, from)
  const hashes = new Map(leaves.map(({ position, hash }) => [position, hash]))
  for (const event of events) {
    const hash = hashes.get(event.position)
    if (hash === undefined) return `the log has an event at ${event.position} that the tree lacks`
    if (!isSameBytes(hash, hashOfEvent(leafEventOf(event))))
      return `the event at ${event.position}, ${event.stream} at revision ${event.revision}, is not the one that the tree was built of`
  }
  if (!isWhole) return `the tree was built up to ${last.position}, and the log ends before: it was restored or cut`
  return events.length === leaves.length || canLack ? null : `the log lacks an event at or before ${last.position}`
}

/** The events after `from` up to `until`; `isWhole`: the log reaches as far. */
const eventsUpTo = async (
  until: Position,
  store: EventStore,
  from: Position,
): Promise<Readonly<{ events: readonly StoredEvent[]; isWhole: boolean }>> => {
  const events: StoredEvent[] = []
  for await (const batch of eventsToEnd(store, from, 2 * COMPARED)) {
    events.push(...batch.events.filter(({ position }) => position <= until))
    if (batch.position >= until) return { events, isWhole: true }
  }
  return { events, isWhole: false }
}

/** The last leaves, and the position of the leaf before them. */
const tailOf = (tree: TreeStore): Readonly<{ from: Position; leaves: readonly NewLeaf[] }> => {
  const size = tree.size()
  const first = Math.max(0, size - COMPARED)
  const tiles = [
    Math.floor(first / TILE_WIDTH) - 1,
    Math.floor(first / TILE_WIDTH),
    Math.floor((size - 1) / TILE_WIDTH),
  ]
  const known = [...new Set(tiles)].filter((n) => n >= 0).flatMap((n) => leavesOf(tree, n))
  const leaves = known.slice(-(size - first))
  return { from: known.at(-leaves.length - 1)?.position ?? START, leaves: size === 0 ? [] : leaves }
}

const leavesOf = (tree: TreeStore, n: number): readonly NewLeaf[] => {
  const hashes = tree.tile({ level: 0, n })
  if (hashes === null) return []
  return tree
    .positionsOf(n)
    .map((position, i) => ({ position, hash: new Uint8Array(hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)) }))
}
