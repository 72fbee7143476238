/** Follows the audit trail live, whatever becomes of the tables under it: rebuilds, restarts of the projector, quarantines. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { later, type Position } from '../../event-store/event-store.ts'
import { sleep, unlessAborted } from '../../lib/abortable.ts'
import type { EntryFilters, EntryPage, ReadModel, StoredEntry } from '../read-model.ts'

/** `entries` are all that match after the batch before, up to `position`; there may be none. */
export type EntryBatch = Readonly<{ position: Position; entries: readonly StoredEntry[] }>

/** What is followed. */
export type EntrySource = Pick<ReadModel, 'listEntries' | 'waitFor'>

export type Following = Readonly<{
  /** Entries after this position. */
  from: Position
  signal: AbortSignal
  /** A batch comes at least every so often, in ms, if only to tell the position. */
  idle: number
  /** Resolves when the page after `position` may be read by one who is behind; who waits at the head is not held up. */
  catchUpTurn?: (position: Position) => Promise<void>
}>

/**
 * Every Entry that matches, each once, in the order of positions: those that are there, then each as it comes. Ends by the
 * signal alone. A query that finds the read model busy is asked again.
 */
export async function* followEntries(
  readModel: EntrySource,
  filters: EntryFilters,
  { from, signal, idle, catchUpTurn = () => nextTurn() }: Following,
): AsyncGenerator<EntryBatch, void, undefined> {
  let position = from
  let isBehind = true
  while (!signal.aborted) {
    if (isBehind) await catchUpTurn(position)
    const after = { value: position, position }
    const page = await readModel.listEntries({ ...filters, sort: 'position', limit: BATCH, after })()
    if (page._tag === 'Left') {
      await sleep(BUSY_MS, signal)
      continue
    }
    // Tables that a rebuild has just put into place may be behind those before them.
    position = later(position, reachedBy(page.right))
    yield { position, entries: page.right.entries }
    if (page.right.next === null) await unlessAborted(readModel.waitFor(following(position), idle), signal)
    isBehind = page.right.next !== null
    // A page that is read at once would leave no turn to others.
    if (page.right.entries.length === 0) await nextTurn()
  }
}

/**
 * For many who follow at once: all are woken in the same turn of the event loop, and those with the same filters at the
 * same position share what the first of them has read.
 */
export const sharedByTurn = (readModel: EntrySource): EntrySource => {
  const pages = new Map<string, ReturnType<ReturnType<EntrySource['listEntries']>>>()
  return {
    waitFor: readModel.waitFor,
    listEntries: (query) => () => {
      const key = JSON.stringify(query)
      if (pages.size === 0) setImmediate(() => pages.clear())
      const page = pages.get(key) ?? readModel.listEntries(query)()
      pages.set(key, page)
      return page
    },
  }
}

const BATCH = 500
const BUSY_MS = 250

const reachedBy = ({ next, position }: EntryPage): Position => next?.position ?? position

/** The least position after `position`: not one of an event, mostly. */
const following = (position: Position): Position => String(BigInt(position) + 1n).padStart(position.length, '0')
