/** Reads the audit trail from the read model page by page, without a long transaction or much memory. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Position } from '../event-store/event-store.ts'
import { sleep } from '../lib/abortable.ts'
import type { Answer, EntryPage, EntryQuery, ReadModel, StoredEntry } from '../read-model/read-model.ts'

export type EntryReads = Pick<ReadModel, 'listEntries'>

export type EntryWalk = Omit<EntryQuery, 'limit' | 'after' | 'until'> & Readonly<{ until: Position }>

/**
 * Every entry of `walk` in its order, up to position `until`. Ends where `signal` aborts; throws where the read model stays
 * busy, or was rebuilt meanwhile and has not caught up.
 */
export async function* entryPages(
  readModel: EntryReads,
  walk: EntryWalk,
  signal: AbortSignal,
  pageSize = PAGE,
): AsyncGenerator<readonly StoredEntry[]> {
  const limit = Math.min(pageSize, PAGE)
  let after: EntryQuery['after']
  while (!signal.aborted) {
    const page: EntryPage = await patiently(readModel.listEntries({ ...walk, limit, after }), signal)
    if (page.position < walk.until)
      throw new Error('the read model is being rebuilt, and is behind where this export began')
    yield page.entries
    if (page.next === null) return
    after = page.next
    await nextTurn()
  }
}

const PAGE = 500
const TRIES = 20
const RETRY_MS = 250

/** The answer of a read model, which is asked again while it is busy. Throws where it stays busy or cannot be read. */
export const patiently = <Read>(ask: Answer<Read>, signal: AbortSignal, tries = TRIES): Promise<Read> =>
  pipe(
    ask,
    TE.getOrElse((failure) => async () => {
      if (failure._tag === 'ReadModelUnavailable') throw new Error(`the read model cannot be read: ${failure.detail}`)
      if (tries <= 1 || signal.aborted) throw new Error(`the read model is busy: ${failure.detail}`)
      await sleep(RETRY_MS, signal)
      return patiently(ask, signal, tries - 1)
    }),
  )()
