/** The port through which `verify` reads a whole read model, as it stood at one moment. */
import type { Task } from 'fp-ts/lib/Task.js'
import type { StoredValue } from '../../projections/collect-changes.ts'
import type { Table } from '../../projections/table.ts'
import type { Position } from '../event-store/event-store.ts'
import type { ReadModelOutOfReach } from './projection-store.ts'

/** A row's values as they are stored, in the order of its table's columns. */
export type TableRow = readonly StoredValue[]

/** Ends with null, or with what is wrong where the rest cannot be read. */
export type TableRows = AsyncGenerator<readonly TableRow[], string | null>

export type Snapshot = Readonly<{
  /** How far the read model has got: no event after this is in it. */
  position: Position
  /** Whether it has got as far as the event of this run at `position`. */
  covers: (run_id: string, position: Position) => boolean
  /** What is wrong with where the tables are stored: damaged pages, indexes that differ from their tables. */
  faults: Task<readonly string[]>
  /** Why rows could not be read to their end where nothing is wrong with them, so that nothing can be said; null where they could. */
  failure: () => ReadModelOutOfReach | null
  /** All rows in the order of `columns`: null first, texts by their bytes in UTF-8. */
  rows: (table: Table, columns: readonly string[]) => TableRows
  /** The row with this key, null where there is none or it cannot be read. */
  row: (table: Table, key: readonly StoredValue[]) => Promise<TableRow | null>
  close: Task<void>
}>
