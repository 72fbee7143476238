/** What a ledger is recognized by, wherever it is moved. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type EventStore, START, type StoreUnavailable, unavailable } from './event-store.ts'

/** The id of the ledger's first event, the same in every copy of the ledger; null where it has no events. */
export const ledgerIdOf = (store: EventStore): TE.TaskEither<StoreUnavailable, string | null> =>
  TE.tryCatch(
    async () => {
      const stop = new AbortController()
      for await (const { events, caughtUp } of store.subscribe({ from: START, signal: stop.signal, batchSize: 1 })) {
        if (events[0] === undefined && !caughtUp) continue
        stop.abort()
        return events[0]?.event_id ?? null
      }
      throw new Error('the store was closed')
    },
    (error) => unavailable(error instanceof Error ? error.message : String(error)),
  )
