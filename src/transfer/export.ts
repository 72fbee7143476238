/** What an export writes, whatever its format: pieces of text, and what a manifest says of them. */
import type { Position } from '../event-store/event-store.ts'

export const EXPORT_FORMATS = ['ledger', 'ndjson', 'csv', 'cloudevents', 'xes'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export type ExportCounts = Readonly<{
  runs: number
  events: number
  /** Of the events in it; null where it has none. */
  first_position: Position | null
  last_position: Position | null
}>

export type Export = Readonly<{
  /** Ends early where it cannot be read on: see `fault`. */
  pieces: AsyncIterable<string>
  /** After the last piece: why there could be no more, null where that was all. */
  fault: () => string | null
  counts: () => ExportCounts
}>

export type ExportWatch = Readonly<{
  /** Told how many events were written so far, now and then. */
  onProgress: (events: number) => void
  /** Ends the export where it stands. */
  signal: AbortSignal
}>

type Placed = Readonly<{ run_id: string; position: Position }>

/** Counts what is written, and says when to stop. Keeps the runs' ids: some 100 bytes a run. */
export const exportTally = () => {
  const runs = new Set<string>()
  let events = 0
  let first: Position | null = null
  let last: Position | null = null
  return {
    add: ({ run_id, position }: Placed): void => {
      runs.add(run_id)
      events += 1
      // Not every format goes by position.
      if (first === null || position < first) first = position
      if (last === null || position > last) last = position
    },
    events: () => events,
    counts: (): ExportCounts => ({ runs: runs.size, events, first_position: first, last_position: last }),
  }
}

/** `pieces` as an export: what they throw becomes its fault, and so does `signal`. */
export const exportOf = (pieces: AsyncIterable<string>, counts: () => ExportCounts, signal: AbortSignal): Export => {
  let fault: string | null = null
  async function* guarded(): AsyncGenerator<string> {
    try {
      yield* pieces
      if (signal.aborted) fault = 'it was stopped'
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error)
    }
  }
  return { pieces: guarded(), fault: () => fault, counts }
}
