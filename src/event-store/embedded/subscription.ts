/** A catch-up subscription to the log: what is there, then what comes. */
import { type Batch, positionText, type SubscribeOptions } from '../event-store.ts'
import type { LogReader, Span } from './log-reader.ts'
import { detailOf, isBusy } from './sqlite-error.ts'

export type Source = Readonly<{
  reader: LogReader
  closed: () => boolean
  /** Resolves once there may be events after `row`, when `signal` aborts, and when the store closes. */
  moreThan: (row: number, signal: AbortSignal) => Promise<void>
}>

const BATCH_SIZE = 512

/** Events after `from` in batches; between two of them the event loop takes its turn. */
export async function* subscription(source: Source, options: SubscribeOptions): AsyncGenerator<Batch, void, undefined> {
  const { signal, batchSize = BATCH_SIZE, withBytes = false } = options
  const ended = () => signal.aborted || source.closed()
  let position = options.from
  let row = Number(position)
  let caughtUp = false
  while (!ended()) {
    const span = nextSpan(source.reader, row, batchSize, withBytes)
    const moved = span.row > row
    if (moved) {
      row = span.row
      position = positionText(row)
    }
    if (moved || caughtUp !== span.drained) {
      caughtUp = span.drained
      yield { events: span.events, marks: [], position, caughtUp }
    }
    if (ended()) return
    await (caughtUp ? source.moreThan(row, signal) : new Promise(setImmediate))
  }
}

const nextSpan = (reader: LogReader, row: number, limit: number, withBytes: boolean): Span => {
  try {
    return reader.after(row, limit, withBytes)
  } catch (error) {
    // Another process is at the file for a moment, as when it recovers the log: nothing is lost by asking later.
    if (isBusy(error)) return { events: [], row, drained: true }
    throw new Error(detailOf(error), { cause: error })
  }
}
