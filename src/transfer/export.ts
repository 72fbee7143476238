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
  /** After the last piece: why this is no whole export, null where it is one. */
  fault: () => ExportFault | null
  counts: () => ExportCounts
}>

/** `Unreadable`: the ledger could not be read to the end. `Stopped`: by the signal. `Empty`: no event matches. */
export type ExportFault = Readonly<{ _tag: 'Unreadable' | 'Stopped' | 'Empty'; detail: string }>

export type ExportWatch = Readonly<{
  /** Called now and then with how many events have been written so far. */
  onProgress: (events: number) => void
  /** Ends the export where it stands. */
  signal: AbortSignal
  /** Whether an export without events is a whole one. */
  allowEmpty: boolean
}>

type Placed = Readonly<{ run_id: string; position: Position }>

/** Counts what is written. Holds the runs' ids in memory: some 100 bytes a run. */
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
export const exportOf = (
  pieces: AsyncIterable<string>,
  counts: () => ExportCounts,
  { signal, allowEmpty }: Pick<ExportWatch, 'signal' | 'allowEmpty'>,
): Export => {
  let fault: ExportFault | null = null
  async function* guarded(): AsyncGenerator<string> {
    try {
      yield* pieces
      if (signal.aborted) fault = { _tag: 'Stopped', detail: 'it was stopped' }
      else if (!allowEmpty && counts().events === 0) fault = { _tag: 'Empty', detail: 'no event matches' }
    } catch (error) {
      fault = { _tag: 'Unreadable', detail: error instanceof Error ? error.message : String(error) }
    }
  }
  return { pieces: guarded(), fault: () => fault, counts }
}
