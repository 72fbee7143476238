/** Follows the log and appends a leaf to the tree for each event. */
import { type EventStore, type Position, START } from '../../event-store/event-store.ts'
import { leafEventOf } from '../log/leaf-event.ts'
import { hashOfEvent } from '../tree/hashes.ts'
import type { NewLeaf, TreeStore } from '../tree/tree-store.ts'

export type Growth = Readonly<{
  /** Appends what was read so far, which else waits for more. */
  flush: () => void
  /** Whether all that the log held was read at some moment since this began. */
  hasCaughtUp: () => boolean
  /** Resolves when the signal aborts. Rejects where the log cannot be read on, or the tree not written. */
  ended: Promise<void>
}>

type Growing = Readonly<{
  tree: TreeStore
  store: EventStore
  signal: AbortSignal
  /** Called after each append with the position of the last leaf. */
  onGrown: (position: Position) => void
}>

// Each append is a transaction, which costs as much as some hundred leaves.
const MOST_WAITING = 4_096
const LONGEST_WAIT = 500 // ms

export const growTree = ({ tree, store, signal, onGrown }: Growing): Growth => {
  let waiting: NewLeaf[] = []
  let timer: NodeJS.Timeout | null = null
  let caughtUp = false
  const failed = Promise.withResolvers<never>()

  const flush = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const leaves = waiting
    waiting = []
    tree.append(leaves)
    const last = leaves.at(-1)
    if (last !== undefined) onGrown(last.position)
  }
  const flushLater = (): void => {
    timer ??= setTimeout(() => {
      try {
        flush()
      } catch (error) {
        failed.reject(error)
      }
    }, LONGEST_WAIT)
  }

  const follow = async (): Promise<void> => {
    for await (const batch of store.subscribe({ from: tree.lastPosition() ?? START, signal, withBytes: true })) {
      for (const event of batch.events)
        waiting.push({ position: event.position, hash: hashOfEvent(leafEventOf(event)) })
      if (waiting.length >= MOST_WAITING || (batch.caughtUp && !caughtUp)) flush()
      else if (waiting.length > 0) flushLater()
      caughtUp ||= batch.caughtUp
    }
    flush()
    if (!signal.aborted) throw new Error('the subscription ended')
  }
  const ended = Promise.race([follow(), failed.promise]).finally(() => {
    if (timer !== null) clearTimeout(timer)
  })
  return { flush, hasCaughtUp: () => caughtUp, ended }
}
