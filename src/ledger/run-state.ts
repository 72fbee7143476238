/** The folded state of a run inside the ledger: its Run, its revision, and the command ids it has seen. */
import type { Position } from '../event-store/event-store.ts'
import type { Run } from '../run/run.ts'

/** Mutable, and owned by whoever holds the run's turn. */
export type RunState = {
  run: Run | null
  /** -1 before the first event. */
  revision: number
  position: Position | null
  /** At which revision each command id was stored. */
  readonly commands: Map<string, number>
}
