/** Writes one set of tables: what every projection makes of the events folded. */
import type { DatabaseSync } from 'node:sqlite'
import type { Tables } from '../tables.ts'
import { createEntryWriter, type EntryWriter } from './entry-writer.ts'
import { createFiguresWriter } from './figures-writer.ts'
import { createRunWriter, type FoldedRun, type JsonLengths, type RunWriter, type StoredState } from './run-writer.ts'
import { createPlayer, createRecorder, type PrepareChange } from './statement-batch.ts'

export type TableWriter = Pick<RunWriter, 'load' | 'loadNew' | 'doubt' | 'quarantine' | 'release'> &
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
  const { load, loadNew, doubt, put, quarantine, release } = createRunWriter(db, tables, change)
  const figures = createFiguresWriter(change, tables)
  return {
    load,
    loadNew,
    doubt,
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

/** A table writer whose changes wait until there are many: docs/read-model.md says what that saves. */
export type BufferedTableWriter = TableWriter & Readonly<{ flush: () => void }>

// Entries that wait for each other are many times what events are, and the collector moves them all.
const AT_ONCE = { changes: 512, characters: 256 * 1024 } as const

/** What a row is changed to by several statements before a `flush` must not depend on their order: see `createPlayer`. */
export const createBufferedTableWriter = (db: DatabaseSync, tables: Tables): BufferedTableWriter => {
  const recorder = createRecorder()
  const writer = createTableWriter(db, tables, recorder.prepare)
  const play = createPlayer(db, recorder.statements)
  let characters = 0

  const flush = (): void => {
    characters = 0
    try {
      play(recorder.take())
    } catch (error) {
      writer.doubt()
      throw error
    }
  }
  const flushIfMany = (more: number): void => {
    characters += more
    if (recorder.count() >= AT_ONCE.changes || characters >= AT_ONCE.characters) flush()
  }

  return {
    ...writer,
    entry: {
      ...writer.entry,
      put: (entry) => {
        writer.entry.put(entry)
        flushIfMany(entry.entry.text.length)
      },
    },
    putRun: (stored, folded) => {
      const lengths = writer.putRun(stored, folded)
      flushIfMany(lengths.input_data + lengths.run_metadata)
      return lengths
    },
    flush,
    reset: () => {
      writer.reset()
      recorder.take()
      characters = 0
    },
  }
}
