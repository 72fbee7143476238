/** What state the tables are in when the projector starts, and so what it does with them. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type EventStore, type Position, START, type StoreUnavailable } from '../../event-store/event-store.ts'
import type { Checkpoint, PartMark, ProjectionStore, ProjectionStoreFailure } from '../projection-store.ts'
import { type CheckpointBeyondHead, checkLedger, type ForeignReadModel, type NotOfThisLog } from './ledger-check.ts'
import { rebuildUnderWay } from './rebuild.ts'

/** `stale`: the live tables cannot be carried on, and are shown as they are until a rebuild takes their place. */
export type TablesState = Readonly<{ stale: boolean; rebuilding: boolean }>

type Failure = ProjectionStoreFailure | StoreUnavailable | NotOfThisLog

/**
 * Makes the live tables ready to be carried on, or a rebuild ready to replace them: they are missing, or of other versions, or
 * `wanted` says so. Fails where they are of another log and no rebuild replaces them.
 */
export const prepareTables = (
  tables: ProjectionStore,
  store: EventStore,
  wanted: boolean,
): TE.TaskEither<Failure, TablesState> =>
  pipe(
    TE.Do,
    TE.apS('head', store.headPosition()),
    TE.apSW('live', tables.live.checkpoint),
    TE.apSW('next', rebuildUnderWay(tables)),
    TE.bindW('foreign', ({ head, live }) => findForeign(store, live, head)),
    TE.bindW('goesOn', ({ head, next }) => goesOn(store, next, head)),
    TE.flatMap(({ head, live, next, foreign, goesOn }): TE.TaskEither<Failure, TablesState> => {
      if (foreign !== null && !wanted && !goesOn) return TE.left(foreign)
      // An empty log has nothing to rebuild from, and its tables are complete at once.
      if (live === null && head === START && next === null)
        return pipe(
          tables.beginLive,
          TE.map(() => ({ stale: false, rebuilding: false })),
        )
      const stale = live === null || !live.isCurrent || foreign !== null
      if (!stale && !wanted && next === null) return TE.right({ stale, rebuilding: false })
      if (goesOn) return TE.right({ stale, rebuilding: true })
      return pipe(
        tables.beginNext,
        TE.map(() => ({ stale, rebuilding: true })),
      )
    }),
  )

/** Where the live tables are, which are begun where they are missing. Fails where they are of another log. */
export const carryOn = (
  { live, beginLive }: ProjectionStore,
  store: EventStore,
): TE.TaskEither<ProjectionStoreFailure | StoreUnavailable | ForeignReadModel, readonly PartMark[]> =>
  pipe(
    live.checkpoint,
    TE.flatMap((checkpoint) => (checkpoint === null ? beginLive : TE.right(checkpoint))),
    TE.flatMap((checkpoint) => checkLedger(store, checkpoint)),
    TE.flatMap(() => live.parts),
  )

/** Why these tables are not of this log; null where they are. */
export const findForeign = (
  store: EventStore,
  checkpoint: Checkpoint | null,
  head: Position,
): TE.TaskEither<StoreUnavailable, NotOfThisLog | null> => {
  if (checkpoint === null) return TE.right(null)
  if (checkpoint.last_event_position > head) return TE.right(beyondHead(checkpoint.last_event_position, head))
  return pipe(
    checkLedger(store, checkpoint),
    TE.map(() => null),
    TE.orElse((failure) => (failure._tag === 'ForeignReadModel' ? TE.right(failure) : TE.left(failure))),
  )
}

/** Whether a rebuild that was cut off can go on. */
const goesOn = (
  store: EventStore,
  checkpoint: Checkpoint | null,
  head: Position,
): TE.TaskEither<StoreUnavailable, boolean> =>
  pipe(
    findForeign(store, checkpoint, head),
    TE.map((foreign) => checkpoint !== null && foreign === null),
  )

const beyondHead = (checkpoint: Position, head: Position): CheckpointBeyondHead => ({
  _tag: 'CheckpointBeyondHead',
  checkpoint,
  head,
  detail: `the read model was made of events up to ${checkpoint}, the log ends at ${head}: it is another or an older log. \`run-ledger projections rebuild\` makes the read model of this one.`,
})
