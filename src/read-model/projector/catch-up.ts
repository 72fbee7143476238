/** Keeps parts of the tables at the log's head. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Batch, type EventStore, type Position, START } from '../../event-store/event-store.ts'
import { createMutex } from '../../lib/mutex.ts'
import {
  type CommitFailure,
  lowestOf,
  type PartMark,
  type ProjectionStoreFailure,
  type TableSet,
} from '../projection-store.ts'
import type { QuarantinedRun } from '../read-model.ts'
import { createBatchWriter } from './batch-writer.ts'
import { type FollowFailure, followLog, type Hopeless } from './follow-log.ts'
import type { ProjectorLog, Retried, RetryWhich } from './projector.ts'
import { retryRun } from './retry-run.ts'

export type CatchUp = Readonly<{
  /** Follows the log until `stop`. */
  start: () => void
  /** Ends after the batch under way. What is not written by then is folded again from the checkpoint. */
  stop: () => Promise<void>
  /** How far the tables have got. */
  position: () => Position
  retry: (which: RetryWhich) => TE.TaskEither<CommitFailure, Retried>
  /** The parts that it keeps: none before their marks are read. */
  parts: () => readonly number[]
  /** Does `work` while nothing else is done with the tables, which it may replace. */
  alone: <Result>(work: () => Promise<Result>) => Promise<Result>
}>

type Options = Readonly<{
  tables: Pick<TableSet, 'partOf' | 'loadStates' | 'commit' | 'quarantined'>
  store: EventStore
  /** For the log. */
  name: string
  /** What is done before each beginning. Returns where the parts are that are to be kept. */
  prepare: TE.TaskEither<FollowFailure, readonly PartMark[]>
  /** Says that the projector lives, also where it has nothing to write. */
  heartbeat: TE.TaskEither<ProjectionStoreFailure, void>
  log: ProjectorLog
  /** Called after every write. */
  onAdvance: (position: Position) => void
  /** Called where the tables cannot be carried on. */
  onHopeless: (failure: Hopeless) => void
}>

// When behind, batches grow to these, so that a row is written once for many events; then what came is shown.
const WRITE_AFTER = { events: 8_192, characters: 2 * 1024 * 1024, ms: 250 } as const
const HEARTBEAT_MS = 2_000
const CACHE_CHARACTERS = 4 * 1024 * 1024

export const createCatchUp = (options: Options): CatchUp => {
  const { tables, store, name, log, onAdvance, onHopeless } = options
  const writer = createBatchWriter({ tables, marks: [], cacheCharacters: CACHE_CHARACTERS })
  const exclusive = createMutex()
  let folded: Position = START
  let written: Position = START
  let lastWrite = Date.now()
  let running: Readonly<{ abort: AbortController; ended: Promise<void> }> | null = null

  const write = (): TE.TaskEither<CommitFailure, void> =>
    pipe(
      writer.write(folded),
      TE.tapIO(() => () => {
        written = folded
        lastWrite = Date.now()
        onAdvance(written)
      }),
    )

  const isDue = ({ caughtUp }: Batch): boolean => {
    const { events, characters } = writer.pending()
    return (
      caughtUp ||
      events >= WRITE_AFTER.events ||
      characters >= WRITE_AFTER.characters ||
      Date.now() - lastWrite >= WRITE_AFTER.ms
    )
  }

  const project = (batch: Batch): TE.TaskEither<CommitFailure, void> => {
    for (const event of batch.events) writer.add(event)
    for (const mark of batch.marks) writer.addMark(mark)
    folded = batch.position
    if (batch.marks.length === 0) return isDue(batch) ? write() : TE.right(undefined)
    const readable = new Set(batch.marks.filter(({ state }) => state === 'readable').map(({ stream }) => stream))
    return pipe(
      write(),
      TE.flatMap(() => tables.quarantined),
      TE.flatMap((all) => retryEach(all.filter(({ run_id }) => readable.has(run_id)))),
    )
  }

  const retryEach = (runs: readonly QuarantinedRun[]): TE.TaskEither<CommitFailure, void> =>
    pipe(
      runs,
      TE.traverseSeqArray(({ run_id }) => {
        const mark = markOf(run_id)
        return mark === undefined
          ? TE.right(undefined)
          : pipe(
              retryRun({ tables, store, mark }, run_id),
              TE.map(() => writer.forget(run_id)),
            )
      }),
      TE.map(() => undefined),
    )

  /** Of the run's part; undefined where that is another's. */
  const markOf = (run_id: string): PartMark | undefined =>
    writer.marks().find(({ part }) => part === tables.partOf(run_id))

  const retryNow = (which: RetryWhich): TE.TaskEither<CommitFailure, Retried> =>
    pipe(
      writer.pending().events > 0 ? write() : TE.right(undefined),
      TE.flatMap(() => tables.quarantined),
      TE.map((all) => all.filter(({ run_id }) => which === 'all' || run_id === which.run_id)),
      TE.tap(retryEach),
      TE.flatMap((before) =>
        pipe(
          tables.quarantined,
          TE.map((quarantined) => ({ recovered: recoveredOf(before, quarantined), quarantined })),
        ),
      ),
    )

  const begin: TE.TaskEither<FollowFailure, Position> = pipe(
    options.prepare,
    TE.flatMap((marks) => {
      writer.reset(marks)
      folded = lowestOf(marks)
      written = folded
      onAdvance(written)
      return retryNow('all')
    }),
    TE.map(() => written),
  )

  const alone =
    <Failure, Result>(work: TE.TaskEither<Failure, Result>): TE.TaskEither<Failure, Result> =>
    () =>
      exclusive(work)

  const beat = async (): Promise<void> => {
    const beaten = await exclusive(options.heartbeat)
    if (beaten._tag === 'Left') log({ level: 'warn', message: `${name}: no heartbeat: ${beaten.left.detail}` })
  }

  const run = async (signal: AbortSignal): Promise<void> => {
    const timer = setInterval(beat, HEARTBEAT_MS)
    const onBatch = (batch: Batch) => alone(project(batch))
    const ended = await followLog({ store, name, begin: alone(begin), onBatch, signal, log })()
    clearInterval(timer)
    if (ended._tag === 'Left') onHopeless(ended.left)
  }

  return {
    start: () => {
      const abort = new AbortController()
      running ??= { abort, ended: run(abort.signal) }
    },
    stop: async () => {
      const stopping = running
      stopping?.abort.abort()
      await stopping?.ended
      running = null
    },
    position: () => written,
    parts: () => writer.marks().map(({ part }) => part),
    retry: (which) => alone(retryNow(which)),
    alone: (work) => exclusive(work),
  }
}

/** Those of the runs quarantined before that are so no more. */
export const recoveredOf = (before: readonly QuarantinedRun[], now: readonly QuarantinedRun[]): readonly string[] => {
  const waiting = new Set(now.map(({ run_id }) => run_id))
  return before.map(({ run_id }) => run_id).filter((run_id) => !waiting.has(run_id))
}
