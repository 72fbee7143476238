/** What a projection is: a value. All of them stand in projections.ts. */
import type { Run } from '../src/run/run.ts'
import type { Time } from '../src/run/time.ts'
import type { PlacedEvent } from './audit-entry.ts'
import type { Transition } from './current-run.ts'
import type { Row, Table } from './table.ts'

/**
 * An event where it stands in the log, and what it made of its run; `transition` is null where the run cannot be read as far
 * as this. `known_from`: when the ledger knew the run as far as this.
 */
export type Step = Readonly<
  { placed: PlacedEvent } & ({ transition: Transition; known_from: Time } | { transition: null; known_from: null })
>

/** A Run as the events up to `revision` make it; `known_from`: the latest `recorded_at` of these events. */
export type FoldedRun = Readonly<{ run: Run; revision: number; known_from: Time }>

/** Takes what a projection makes: rows for the tables that it owns. */
export type Changes = Readonly<{
  /** A row that is not there yet or, where `before` is given, what has changed of one that is. */
  put: (table: Table, row: Row, before?: Row) => void
  /** Removes the row with this key: see `keyOf`. */
  remove: (table: Table, key: Row) => void
  /** Merges `row` into the one with its key, as the columns of the table say. */
  merge: (table: Table, row: Row) => void
}>

/** What one projection makes of the log. Pure: the same rows whatever the batch, the store or the order over runs. */
export type Projection = Readonly<{
  name: string
  /** Raised when the same events should make other rows: all tables are then rebuilt. */
  version: number
  /** The tables it owns. */
  tables: readonly Table[]
}> &
  (
    | Readonly<{
        /** For every event, in the order of the log, into tables of rows. */
        per: 'event'
        changes: (step: Step, out: Changes) => void
      }>
    | Readonly<{
        /** For every run of a batch, what all its events in it changed together; `before` is null for a new run. */
        per: 'run'
        changes: (before: FoldedRun | null, after: FoldedRun, out: Changes) => void
      }>
  )
