/** Exports the stored events themselves, to be moved to another store. */
import { type EventStore, type Position, START, type StoredEvent } from '../event-store/event-store.ts'
import { type Export, type ExportWatch, exportOf, exportTally } from './export.ts'
import { ledgerLine } from './ledger-file.ts'

/** Every event up to `head`, in the order of the log, one a line (see `ledgerLine`). */
export const exportLedger = (store: EventStore, head: Position, { onProgress, ...watch }: ExportWatch): Export => {
  const tally = exportTally()

  async function* pieces(): AsyncGenerator<string> {
    // Written once it is known whether another follows.
    let held: StoredEvent | null = null
    for await (const events of eventsUpTo(store, head, watch.signal)) {
      let text = ''
      for (const event of events) {
        tally.add({ run_id: event.stream, position: event.position })
        if (held !== null) text += ledgerLine(held, false)
        held = event
        if (text.length >= PIECE_CHARACTERS) {
          yield text
          text = ''
        }
      }
      if (text !== '') yield text
      onProgress(tally.events())
    }
    if (held !== null && !watch.signal.aborted) yield ledgerLine(held, true)
  }

  return exportOf(pieces(), tally.counts, watch)
}

const PIECE_CHARACTERS = 256 * 1024

async function* eventsUpTo(
  store: EventStore,
  head: Position,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredEvent[]> {
  if (head === START) return
  for await (const { events, position, caughtUp } of store.subscribe({ from: START, signal, batchSize: 1_024 })) {
    yield (events.at(-1)?.position ?? START > head) ? events.filter((event) => event.position <= head) : events
    if (position >= head || caughtUp) return
  }
}
