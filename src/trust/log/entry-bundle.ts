/** Leaves as C2SP tlog-tiles serves them: an entry bundle, each leaf after its length. */
import * as E from 'fp-ts/lib/Either.js'
import { type Position, START, type StoreUnavailable, unavailable } from '../../event-store/event-store.ts'
import { concat, isSameBytes } from '../formats/bytes.ts'
import { leafOf } from '../formats/leaf.ts'
import { commitmentsOf, hashOfLeaf } from '../tree/hashes.ts'
import { HASH_BYTES, TILE_WIDTH } from '../tree/tiles.ts'
import { eventsToEnd, leafEventOf } from './leaf-event.ts'
import type { Log } from './prove-event.ts'

/** The event of this leaf is not in the log, or another one is in its place. */
export type LeafMissing = Readonly<{ _tag: 'LeafMissing'; index: number }>

/** The first `width` leaves of level-0 tile `n`, of which the tree has as many; they are read from the log, and hashed again. */
export const entryBundle = async (
  { tree, store }: Log,
  n: number,
  width: number,
): Promise<E.Either<StoreUnavailable | LeafMissing, Uint8Array>> => {
  const positions = tree.positionsOf(n).slice(0, width)
  const hashes = tree.tile({ level: 0, n }) ?? new Uint8Array(0)
  const leaves: Uint8Array[] = []
  try {
    for await (const { events, position } of eventsToEnd(store, positionBefore(tree.positionsOf, n), TILE_WIDTH)) {
      for (const event of events.slice(0, width - leaves.length)) {
        const leafEvent = leafEventOf(event)
        const leaf = leafOf(leafEvent, commitmentsOf(leafEvent))
        const at = leaves.length * HASH_BYTES
        if (!isSameBytes(hashOfLeaf(leaf), hashes.subarray(at, at + HASH_BYTES))) return missing(n, leaves.length)
        leaves.push(concat(uint16(leaf.length), leaf))
      }
      if (leaves.length >= width || position >= (positions.at(-1) ?? START)) break
    }
  } catch (error) {
    return E.left(unavailable((error as Error).message))
  }
  return leaves.length === width ? E.right(concat(...leaves)) : missing(n, leaves.length)
}

const positionBefore = (positionsOf: Log['tree']['positionsOf'], n: number): Position =>
  n === 0 ? START : (positionsOf(n - 1).at(-1) ?? START)

const missing = (n: number, at: number) => E.left({ _tag: 'LeafMissing' as const, index: n * TILE_WIDTH + at })

const uint16 = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff)
