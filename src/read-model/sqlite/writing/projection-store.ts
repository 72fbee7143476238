/** The SQLite adapter of the port for writing: one file, one writer. */
import type { DatabaseSync } from 'node:sqlite'
import { type Either, left, map } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { ReadModelOpenFailure } from '../../open-failure.ts'
import type {
  Batch,
  Checkpoint,
  CommitFailure,
  PartMark,
  ProjectionStore,
  ProjectionStoreFailure,
  RunStates,
  StateStore,
  Steps,
  TableSet,
} from '../../projection-store.ts'
import {
  beginning,
  type CheckpointTable,
  createCheckpointMover,
  createHeartbeat,
  putCheckpoint,
  readCheckpoint,
} from '../checkpoint.ts'
import { inTransaction, movingWalAt, openForReading, openForWriting, WAL_PAGES } from '../database.ts'
import { quarantinedRuns } from '../quarantine.ts'
import { attempt } from '../sqlite-failure.ts'
import { createIndexes, type SetName } from '../tables.ts'
import { createChangePlayer } from './change-player.ts'
import { beginNext, dropSteps, indexSteps, switchToNext } from './rebuild-tables.ts'
import { createStateReader } from './run-states.ts'

/** Opens the file at `path` for its one writer, who holds its lock; makes it where it is missing or of another layout. */
export const openProjectionStore = (path: string): Either<ProjectionStoreFailure, ProjectionStore> =>
  pipe(
    openForWriting(path),
    map((db) => projectionStore(db, path)),
  )

/** Opens the next tables of the file at `path` for looking up runs beside its writer. */
export const openNextStates = (path: string): Either<ReadModelOpenFailure, StateStore> =>
  pipe(
    openForReading(path),
    map((db) => {
      // It reads single runs, each once.
      db.exec('PRAGMA cache_size = -1000')
      const read = createStateReader(db, 'next')
      return {
        partOf,
        loadStates: (run_ids, mostCharacters) => task(path, () => read(run_ids, mostCharacters)),
        close: () => db.close(),
      }
    }),
  )

const projectionStore = (db: DatabaseSync, path: string): ProjectionStore => {
  const beat = createHeartbeat(db)
  const tuneWal = createWalTuning(db)
  const transaction = <Result>(work: () => Result) => task(path, () => inTransaction(db, work))
  return {
    live: tableSet({ db, path, tuneWal }, 'live', 'projections'),
    next: tableSet({ db, path, tuneWal }, 'next', 'rebuilds'),
    beginLive: transaction(() => {
      const checkpoint = beginning(1)
      for (const index of createIndexes('live', checkpoint.generation)) db.exec(index)
      putCheckpoint(db, 'projections', checkpoint)
      return checkpoint
    }),
    heartbeat: task(path, beat),
    beginNext: transaction(() => beginNext(db)),
    indexNext: stepping(path, () => indexSteps(db)),
    switchToNext: transaction(() => switchToNext(db)),
    dropReplaced: stepping(path, () => dropSteps(db)),
    close: () => db.close(),
  }
}

const task =
  <Result>(path: string, work: () => Result): TaskEither<ProjectionStoreFailure, Result> =>
  () =>
    Promise.resolve(attempt(path, work))

/** A step of `begin`'s work each time; after the last, or a failure, it starts over. */
const stepping = (path: string, begin: () => Generator<void, void>): Steps => {
  let steps: Generator<void, void> | null = null
  return task(path, () => {
    const current = steps ?? begin()
    steps = null
    if (current.next().done === true) return 'done'
    steps = current
    return 'more'
  })
}

/** All runs are in one part. */
const PART = 0
const partOf = (): number => PART

const partsAt = (checkpoint: Checkpoint | null): readonly PartMark[] =>
  checkpoint === null ? [] : [{ part: PART, epoch: checkpoint.generation, position: checkpoint.position }]

type Writing = Readonly<{ db: DatabaseSync; path: string; tuneWal: (rows: number) => void }>

const tableSet = ({ db, path, tuneWal }: Writing, set: SetName, checkpoints: CheckpointTable): TableSet => {
  const read = createStateReader(db, set)
  const play = createChangePlayer(db, set)
  const moveCheckpoint = createCheckpointMover(db, checkpoints)

  const write = ({ fences, events, changes }: Batch): RunStates => {
    const [fence] = fences
    if (fence === undefined || fences.length > 1) throw new Error('SQLite has one part')
    if (!moveCheckpoint(fence, events)) throw new LostFence()
    let rows = 0
    for (;;) {
      const made = changes.next()
      if (made.done === true) {
        tuneWal(rows)
        return made.value
      }
      rows += play(made.value)
    }
  }
  return {
    checkpoint: task(path, () => readCheckpoint(db, checkpoints)),
    parts: task(path, () => partsAt(readCheckpoint(db, checkpoints))),
    partOf,
    loadStates: (run_ids, mostCharacters) => task(path, () => read(run_ids, mostCharacters)),
    commit: (batch) => () =>
      Promise.resolve(unlessLost(() => attempt(path, () => inTransaction(db, () => write(batch))))),
    quarantined: task(path, () => quarantinedRuns(db, set)),
  }
}

/** Makes a transaction roll back. */
class LostFence extends Error {}

const unlessLost = (work: () => Either<ProjectionStoreFailure, RunStates>): Either<CommitFailure, RunStates> => {
  try {
    return work()
  } catch (error) {
    if (error instanceof LostFence) return left({ _tag: 'FenceLost' })
    throw error
  }
}

// Moving the write-ahead log holds up all that waits to be seen. With few rows a commit it moves in pieces of 4 MB; with
// more the thread has no time for that, and their delay is that of the batch in any case.
const SMALL_COMMIT = { rows: 2_048, walPages: 500 } as const

/** Says from how large a write-ahead log on a commit of so many rows moves it. */
const createWalTuning = (db: DatabaseSync): ((rows: number) => void) => {
  let tuned = WAL_PAGES
  return (rows) => {
    const pages = rows < SMALL_COMMIT.rows ? SMALL_COMMIT.walPages : WAL_PAGES
    if (pages !== tuned) movingWalAt(db, pages)
    tuned = pages
  }
}
