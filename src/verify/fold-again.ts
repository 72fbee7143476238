/** Folds the log again, into tables of its own that nobody else reads; what would fill much space is checked as it comes. */
import type { DatabaseSync } from 'node:sqlite'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { type EventStore, type Position, START } from '../event-store/event-store.ts'
import { createProjection, type Projection } from '../read-model/projector/projection.ts'
import { openForWriting } from '../read-model/sqlite/database.ts'
import { LIVE } from '../read-model/sqlite/tables.ts'
import type { EntryToWrite } from '../read-model/sqlite/writing/entry-writer.ts'
import { createBufferedTableWriter } from '../read-model/sqlite/writing/table-writer.ts'

/** The log could not be read to the end, so nothing can be said of it. */
export type LogUnreadable = Readonly<{ _tag: 'LogUnreadable'; detail: string }>

export type FoldAgainOptions = Readonly<{
  store: EventStore
  /** A new file. */
  path: string
  upTo: Position
  /** Told of each event's Entry, which is not written. */
  onEntry: (entry: EntryToWrite) => void
  onProgress: (events: number) => void
}>

// Nobody waits for these rows: the later they are written, the fewer times.
const WRITE_AFTER = { events: 16_384, characters: 2 * 1024 * 1024 } as const
const CACHE_CHARACTERS = 16 * 1024 * 1024

/** Fills the tables of a new file with the fold of the log up to `upTo`, and answers how many events it has. */
export const foldAgain = async (options: FoldAgainOptions): Promise<Either<LogUnreadable, number>> => {
  const opened = openForWriting(options.path)
  if (opened._tag === 'Left') return left({ _tag: 'LogUnreadable', detail: opened.left.detail })
  try {
    // Lost with the process, and then made again.
    opened.right.exec('PRAGMA synchronous = OFF')
    return right(await fold(options, opened.right))
  } catch (error) {
    return left({ _tag: 'LogUnreadable', detail: error instanceof Error ? error.message : String(error) })
  } finally {
    opened.right.close()
  }
}

const fold = async ({ store, upTo, onEntry, onProgress }: FoldAgainOptions, db: DatabaseSync): Promise<number> => {
  const projection = createProjection({
    db,
    writer: { ...createBufferedTableWriter(db, LIVE), entry: { put: onEntry, replace: onEntry } },
    saveCheckpoint: () => undefined,
    cacheCharacters: CACHE_CHARACTERS,
  })
  let events = 0
  if (upTo > START)
    for await (const batch of store.subscribe({
      from: START,
      signal: new AbortController().signal,
      batchSize: 1_024,
    })) {
      for (const event of batch.events) {
        if (event.position > upTo) break
        projection.apply(event)
        events += 1
      }
      onProgress(events)
      const isDone = batch.position >= upTo || batch.caughtUp
      if (isDone || isMuch(projection)) projection.write(batch.position)
      if (isDone) break
    }
  return events
}

const isMuch = (projection: Projection): boolean => {
  const { events, characters } = projection.pending()
  return events >= WRITE_AFTER.events || characters >= WRITE_AFTER.characters
}
