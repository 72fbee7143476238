/** Folds the log again, into tables of its own that nobody else reads; what would fill much space is checked as it comes. */
import { type Either, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ChangeSet } from '../../projections/collect-changes.ts'
import { type EventStore, type Position, START } from '../event-store/event-store.ts'
import type { CommitFailure, ProjectionStore, RunStates, TableSet } from '../read-model/projection-store.ts'
import { type BatchWriter, createBatchWriter } from '../read-model/projector/batch-writer.ts'
import type { Snapshot } from '../read-model/snapshot.ts'
import { openProjectionStore } from '../read-model/sqlite/writing/projection-store.ts'

/** The log could not be read to the end, so nothing can be said of it. */
export type LogUnreadable = Readonly<{ _tag: 'LogUnreadable'; detail: string }>

export type FoldAgainOptions = Readonly<{
  store: EventStore
  /** A new file, whose next tables are filled. */
  path: string
  /** How far the log is read, and which of its events as far as there are wanted. */
  upTo: Position
  covers: Snapshot['covers']
  /** Called with all that changes; returns what of it is written. */
  onChanges: (changes: ChangeSet) => ChangeSet
  /** Called after each batch. */
  onWritten: () => Promise<void>
  onProgress: (events: number) => void
}>

// Small: what a batch's entries are is in memory until they are compared.
const WRITE_AFTER = { events: 1_024, characters: 128 * 1024 } as const
const CACHE_CHARACTERS = 16 * 1024 * 1024

/** Fills the next tables of a new file with the fold of the log up to `upTo`, and returns how many events it has. */
export const foldAgain = (options: FoldAgainOptions): TE.TaskEither<LogUnreadable, number> =>
  pipe(
    TE.fromEither(openProjectionStore(options.path)),
    TE.flatMap((tables) => pipe(fold(options, tables), closing(tables))),
    TE.mapLeft((failure) => ({ _tag: 'LogUnreadable' as const, detail: detailOf(failure) })),
  )

const closing =
  ({ close }: ProjectionStore) =>
  <Failure, Result>(work: TE.TaskEither<Failure, Result>): TE.TaskEither<Failure, Result> =>
  () =>
    work().finally(close)

const detailOf = (failure: CommitFailure | Error): string => {
  if (failure instanceof Error) return failure.message
  return failure._tag === 'FenceLost' ? 'its tables were changed by another program' : failure.detail
}

const fold = (options: FoldAgainOptions, tables: ProjectionStore): TE.TaskEither<CommitFailure | Error, number> =>
  pipe(
    tables.beginNext,
    TE.flatMap(() => tables.next.parts),
    TE.flatMap((marks) => {
      const { partOf, loadStates } = tables.next
      const commit: TableSet['commit'] = ({ changes, ...batch }) =>
        tables.next.commit({ ...batch, changes: passing(changes, options.onChanges) })
      const next = { partOf, loadStates, commit }
      const writer = createBatchWriter({ tables: next, marks, cacheCharacters: CACHE_CHARACTERS })
      return pipe(
        TE.tryCatch(() => foldEvents(options, writer), asError),
        TE.flatMap(TE.fromEither),
      )
    }),
  )

const foldEvents = async (
  { store, upTo, covers, onWritten, onProgress }: FoldAgainOptions,
  writer: BatchWriter,
): Promise<Either<CommitFailure, number>> => {
  let events = 0
  if (upTo === START) return right(events)
  for await (const batch of store.subscribe({ from: START, signal: NEVER, batchSize: 1_024 })) {
    const wanted = batch.events.filter(({ stream, position }) => covers(stream, position))
    for (const event of wanted) writer.add(event)
    for (const mark of batch.marks) if (covers(mark.stream, mark.position)) writer.addMark(mark)
    events += wanted.length
    onProgress(events)
    const isDone = batch.position >= upTo || batch.caughtUp
    const written = isDone || isMuch(writer.pending()) ? await writer.write(batch.position)() : NOT_DUE
    if (written._tag === 'Left') return written
    await onWritten()
    if (isDone) break
  }
  return right(events)
}

const NOT_DUE = right(undefined)

const NEVER = new AbortController().signal

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

function* passing(
  changes: Generator<ChangeSet, RunStates>,
  through: (changes: ChangeSet) => ChangeSet,
): Generator<ChangeSet, RunStates> {
  for (;;) {
    const made = changes.next()
    if (made.done === true) return made.value
    yield through(made.value)
  }
}

const isMuch = ({ events, characters }: Readonly<{ events: number; characters: number }>): boolean =>
  events >= WRITE_AFTER.events || characters >= WRITE_AFTER.characters
