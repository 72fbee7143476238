/** Events of the log as leaves of the tree, and the log read for them. */
import { type EventStore, type Position, START, type StoredEvent } from '../../event-store/event-store.ts'
import type { LeafEvent } from '../formats/leaf.ts'

/** `event` was read with its bytes. */
export const leafEventOf = ({ stream, type, event_id, recorded_at, bytes }: StoredEvent): LeafEvent => {
  if (bytes === undefined) throw new Error('the event was read without its bytes')
  return {
    // No run's id begins so.
    run_id: stream.startsWith('_access:') ? null : stream,
    revision: bytes.revision,
    type,
    event_id,
    recorded_at,
    data: bytes.data,
    metadata: bytes.metadata,
  }
}

/** `position`: as far as the log was read. */
export type LogPart = Readonly<{ events: readonly StoredEvent[]; position: Position }>

/** The ledger's events after `from`, with their bytes, to the end of the log. Throws where the log cannot be read. */
export async function* eventsToEnd(
  store: EventStore,
  from: Position = START,
  batchSize = 512,
): AsyncGenerator<LogPart, void, undefined> {
  const stop = new AbortController()
  try {
    for await (const batch of store.subscribe({ from, signal: stop.signal, batchSize, withBytes: true })) {
      yield batch
      if (batch.caughtUp) return
    }
    throw new Error('the log was closed before its end was read')
  } finally {
    stop.abort()
  }
}
