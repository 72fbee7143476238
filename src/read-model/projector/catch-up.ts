/** Keeps the live tables at the log's head. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Batch, type EventStore, type Position, START } from '../../event-store/event-store.ts'
import { createMutex } from '../../lib/mutex.ts'
import type { CommitFailure, ProjectionStore } from '../projection-store.ts'
import type { QuarantinedRun } from '../read-model.ts'
import { createBatchWriter } from './batch-writer.ts'
import { type FollowFailure, followLog, type Hopeless } from './follow-log.ts'
import { checkLedger } from './ledger-check.ts'
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
  /** Does `work` while nothing else is done with the tables, which it may replace. */
  alone: <Result>(work: () => Promise<Result>) => Promise<Result>
}>

type Options = Readonly<{
  tables: ProjectionStore
  store: EventStore
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
const NOWHERE = { generation: 0, position: START } as const

export const createCatchUp = ({ tables, store, log, onAdvance, onHopeless }: Options): CatchUp => {
  const { live } = tables
  const writer = createBatchWriter({ tables: live, mark: NOWHERE, cacheCharacters: CACHE_CHARACTERS })
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
      TE.flatMap(() => live.quarantined),
      TE.flatMap((all) => retryEach(all.filter(({ run_id }) => readable.has(run_id)))),
    )
  }

  const retryEach = (runs: readonly QuarantinedRun[]): TE.TaskEither<CommitFailure, void> =>
    pipe(
      live.checkpoint,
      TE.flatMap((mark) =>
        mark === null
          ? TE.right(undefined)
          : pipe(
              runs,
              TE.traverseSeqArray(({ run_id }) =>
                pipe(
                  retryRun({ tables: live, store, mark }, run_id),
                  TE.map(() => writer.forget(run_id)),
                ),
              ),
              TE.map(() => undefined),
            ),
      ),
    )

  const retryNow = (which: RetryWhich): TE.TaskEither<CommitFailure, Retried> =>
    pipe(
      writer.pending().events > 0 ? write() : TE.right(undefined),
      TE.flatMap(() => live.quarantined),
      TE.map((all) => all.filter(({ run_id }) => which === 'all' || run_id === which.run_id)),
      TE.tap(retryEach),
      TE.flatMap((before) =>
        pipe(
          live.quarantined,
          TE.map((quarantined) => ({ recovered: recoveredOf(before, quarantined), quarantined })),
        ),
      ),
    )

  const begin: TE.TaskEither<FollowFailure, Position> = pipe(
    live.checkpoint,
    TE.flatMap((checkpoint) => (checkpoint === null ? tables.beginLive : TE.right(checkpoint))),
    TE.tap((checkpoint) => checkLedger(store, checkpoint)),
    TE.flatMap((checkpoint) => {
      writer.reset(checkpoint)
      folded = checkpoint.position
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
    const beaten = await exclusive(tables.heartbeat)
    if (beaten._tag === 'Left') log({ level: 'warn', message: `projector: no heartbeat: ${beaten.left.detail}` })
  }

  const run = async (signal: AbortSignal): Promise<void> => {
    const timer = setInterval(beat, HEARTBEAT_MS)
    const onBatch = (batch: Batch) => alone(project(batch))
    const ended = await followLog({ store, name: 'projector', begin: alone(begin), onBatch, signal, log })()
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
    retry: (which) => alone(retryNow(which)),
    alone: (work) => exclusive(work),
  }
}

const recoveredOf = (before: readonly QuarantinedRun[], now: readonly QuarantinedRun[]): readonly string[] => {
  const waiting = new Set(now.map(({ run_id }) => run_id))
  return before.map(({ run_id }) => run_id).filter((run_id) => !waiting.has(run_id))
}
