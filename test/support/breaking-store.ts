/**
 * A real store whose answers break as a network's would. The embedded store cannot lose an answer, so what
 * follows from a lost one can only be provoked between it and the ledger.
 */
import { left } from 'fp-ts/lib/Either.js'
import type { EventStore } from '../../src/event-store/event-store.ts'

/** What happens to one call: `lost` before the store or its answer after, `refused` at once, `stuck` for good. */
export type Fault = 'none' | 'lost-before' | 'lost-after' | 'refused' | 'stuck'

/** The faults of appends and of reads, taken one a call; none when they run out. */
export type Faults = { append?: Fault[]; read?: Fault[] }

const gone = (outcome: 'unknown' | 'not_stored') =>
  left({ _tag: 'StoreUnavailable' as const, outcome, detail: 'the connection broke' })

export const breaking = (store: EventStore, faults: Faults): EventStore => ({
  ...store,
  append: (stream, expected, events) => async () => {
    const fault = faults.append?.shift() ?? 'none'
    if (fault === 'stuck') return new Promise(() => undefined)
    if (fault === 'refused') return gone('not_stored')
    if (fault === 'lost-before') return gone('unknown')
    const answer = await store.append(stream, expected, events)()
    return fault === 'lost-after' ? gone('unknown') : answer
  },
  readStream: (stream, options) => async () => {
    const fault = faults.read?.shift() ?? 'none'
    if (fault === 'stuck') return new Promise(() => undefined)
    return fault === 'none' ? store.readStream(stream, options)() : gone('not_stored')
  },
})
