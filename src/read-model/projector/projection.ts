/** The projections: takes events, and writes what comes of them together with the checkpoint. */
import type { DatabaseSync } from 'node:sqlite'
import type { Position, StoredEvent } from '../../event-store/event-store.ts'
import type { FoldedEvents } from '../sqlite/checkpoint.ts'
import { inTransaction } from '../sqlite/database.ts'
import type { BufferedTableWriter } from '../sqlite/writing/table-writer.ts'
import { createFolding, type FoldingOptions } from './fold-batch.ts'

/** A version goes up when the same events shall make other rows: all tables are then made again. By name. */
export const PROJECTIONS = [
  { name: 'audit-entry', version: 1 },
  { name: 'current-run', version: 1 },
  { name: 'policy-version-stats', version: 2 },
  { name: 'run-group', version: 1 },
  { name: 'run-version', version: 2 },
] as const

/** The fold, of whose transitions the others are functions: what it cannot read waits in all but the audit trail. */
export const CURRENT_RUN = 'current-run'

export type Projection = Readonly<{
  /** Takes an event that follows all those before it. */
  apply: (event: StoredEvent) => void
  /**
   * Folds and writes all that was taken since the last time, and that the tables are now as the log was at `position`. Where
   * that changes many large runs, in several transactions, each with the position that it has got to.
   */
  write: (position: Position) => void
  /** How much is taken and not written. */
  pending: () => Readonly<{ events: number; characters: number }>
  /** Forgets what is not written, and what it knows of the tables. */
  reset: () => void
  /** Forgets what it knows of a run, all of which is written. */
  forget: (run_id: string) => void
}>

type Options = FoldingOptions &
  Readonly<{
    db: DatabaseSync
    writer: BufferedTableWriter
    /** `events`: those folded since the last time, null where there were none. */
    saveCheckpoint: (position: Position, events: FoldedEvents | null) => void
  }>

// As much JSON of runs as one transaction may keep in memory.
const CHARACTERS_A_WRITE = 4 * 1024 * 1024

export const createProjection = ({ db, writer, saveCheckpoint, cacheCharacters }: Options): Projection => {
  const folding = createFolding({ writer, cacheCharacters })
  let events: StoredEvent[] = []
  let characters = 0

  const settle = (): void => {
    events = []
    characters = 0
  }

  const writePart = (position: Position): void => {
    let folded = 0
    inTransaction(db, () => {
      let last: StoredEvent | null = null
      for (const event of events) {
        folding.fold(event)
        folded += 1
        last = event
        if (folding.characters() >= CHARACTERS_A_WRITE) break
      }
      folding.writeRuns()
      writer.flush()
      saveCheckpoint(folded < events.length && last !== null ? last.position : position, foldedEvents(events[0], last))
    })
    events = events.slice(folded)
  }

  return {
    apply: (event) => {
      events.push(event)
      characters += event.data.length + event.metadata.length
    },
    write: (position) => {
      do writePart(position)
      while (events.length > 0)
      settle()
    },
    pending: () => ({ events: events.length, characters }),
    reset: () => {
      folding.reset()
      settle()
    },
    forget: folding.forget,
  }
}

const foldedEvents = (first: StoredEvent | undefined, last: StoredEvent | null): FoldedEvents | null =>
  first === undefined || last === null ? null : { first, last }
