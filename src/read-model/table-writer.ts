/** Writes one set of tables: what every projection makes of the events folded. */
import type { DatabaseSync } from 'node:sqlite'
import { createEntryWriter, type EntryWriter } from './entry-writer.ts'
import { createFiguresWriter } from './figures-writer.ts'
import type { PrepareChange } from './recorded-changes.ts'
import { createRunWriter, type FoldedRun, type JsonLengths, type RunWriter, type StoredState } from './run-writer.ts'
import type { Tables } from './tables.ts'

export type TableWriter = Pick<RunWriter, 'load' | 'quarantine' | 'release'> &
  Readonly<{
    entry: EntryWriter
    /** Writes the run as it is now, given what the tables hold of it, and answers its lengths. */
    putRun: (stored: StoredState, folded: FoldedRun) => JsonLengths
    /** Ends a batch: writes the figures that its runs have moved. */
    putFigures: () => void
    /** Forgets figures of a batch that was not written to its end. */
    reset: () => void
  }>

/** `change`: how the tables are changed; from `db` they are read. */
export const createTableWriter = (
  db: DatabaseSync,
  tables: Tables,
  change: PrepareChange = (sql) => db.prepare(sql),
): TableWriter => {
  const { load, put, quarantine, release } = createRunWriter(db, tables, change)
  const figures = createFiguresWriter(change, tables)
  return {
    load,
    quarantine,
    release,
    entry: createEntryWriter(change, tables),
    putRun: (stored, folded) => {
      figures.add(stored.run, folded.run)
      return put(stored, folded)
    },
    putFigures: figures.write,
    reset: figures.reset,
  }
}
