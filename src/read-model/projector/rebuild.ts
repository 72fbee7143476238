/** Rebuild: makes the tables again beside the live ones, which go on meanwhile, and switches to them at once. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStoreConfig } from '../../event-store/config.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { Checkpoint, CommitFailure, ProjectionStore, ProjectionStoreFailure, Steps } from '../projection-store.ts'
import type { CatchUp } from './catch-up.ts'
import { type FollowFailure, type Hopeless, keepTrying } from './follow-log.ts'
import type { ProjectorLog, Rebuilt } from './projector.ts'
import { type FoldedBatch, foldedBatches } from './rebuild-channel.ts'

type Options = Readonly<{
  tables: ProjectionStore
  eventStore: EventStoreConfig
  /** Of `tables`. */
  path: string
  live: CatchUp
  /** Whether the live tables cannot be carried on, so that there is no need to have got as far as they have. */
  isStale: () => boolean
  /** Called in the moment of the switch. */
  onSwitch: () => void
  /** Called after each batch with how many events the tables are made of since this start. */
  onProgress: (events: number) => void
  /** Leaves off, to go on at the next start. */
  signal: AbortSignal
  log: ProjectorLog
}>

/** Goes on with the rebuild that was begun, or begins one. Null where `signal` made it leave off. */
export const rebuild = (options: Options): TE.TaskEither<Hopeless, Rebuilt | null> => {
  const { tables, eventStore, path, live, signal, log } = options
  const began = performance.now()
  let events = 0
  let last: Position | null = null

  const write = ({ caughtUp, ...batch }: FoldedBatch): TE.TaskEither<CommitFailure, void> =>
    pipe(
      tables.next.commit(batch),
      TE.flatMap(() => {
        events += batch.events?.count ?? 0
        options.onProgress(events)
        return caughtUp ? switchTo(options) : TE.right(null)
      }),
      TE.flatMapIO((switched) => () => {
        last = switched
      }),
    )

  const attempt = (progressed: () => void): TE.TaskEither<FollowFailure, void> =>
    pipe(
      untilDone(tables.dropReplaced, signal),
      TE.flatMap(() => rebuildUnderWay(tables)),
      TE.flatMap((checkpoint) => (checkpoint === null ? tables.beginNext : TE.right(checkpoint))),
      TE.flatMap(() => tables.next.parts),
      TE.flatMap((marks) => async () => {
        for await (const batch of foldedBatches({ eventStore, path, marks, signal })) {
          const written = await write(batch)()
          if (written._tag === 'Left' || last !== null) return written
          progressed()
          await nextTurn()
        }
        return TE.right<FollowFailure, void>(undefined)()
      }),
    )

  const finish = (): TE.TaskEither<Hopeless, Rebuilt | null> => async () => {
    if (last === null) return TE.right<Hopeless, null>(null)()
    live.start()
    // Where that fails, the next start drops what is left of them.
    await untilDone(tables.dropReplaced, signal)()
    return TE.right<Hopeless, Rebuilt>({ position: last, events, seconds: (performance.now() - began) / 1000 })()
  }
  return pipe(keepTrying({ name: 'rebuild', signal, log }, attempt), TE.flatMap(finish))
}

/** The rebuild that was cut off, if it can go on. */
export const rebuildUnderWay = ({ next }: ProjectionStore): TE.TaskEither<ProjectionStoreFailure, Checkpoint | null> =>
  pipe(
    next.checkpoint,
    TE.map((checkpoint) => (checkpoint?.isCurrent ? checkpoint : null)),
  )

/** Where the tables are that are read now; null where the live ones have got further meanwhile. */
const switchTo = ({
  tables,
  live,
  isStale,
  onSwitch,
  signal,
}: Options): TE.TaskEither<ProjectionStoreFailure, Position | null> =>
  pipe(
    untilDone(tables.indexNext, signal),
    TE.flatMap(() => {
      if (signal.aborted) return TE.right(null)
      return () =>
        // The live tables stand still from here to the switch: nothing that was shown is taken back.
        live.stop().then(() =>
          live.alone(
            pipe(
              TE.Do,
              TE.apS('made', tables.next.checkpoint),
              TE.apS('shown', tables.live.checkpoint),
              TE.flatMap(({ made, shown }) => {
                const isBehind = !isStale() && shown !== null && made !== null && made.position < shown.position
                if (made === null || isBehind) return TE.right(null)
                return pipe(
                  tables.switchToNext,
                  TE.map(() => {
                    onSwitch()
                    return made.position
                  }),
                )
              }),
            ),
          ),
        )
    }),
  )

/** Does all steps, yielding between steps. Stops when `signal` aborts. */
export const untilDone =
  (steps: Steps, signal: AbortSignal): TE.TaskEither<ProjectionStoreFailure, void> =>
  async () => {
    for (;;) {
      const step = await steps()
      if (step._tag === 'Left') return step
      if (step.right === 'done' || signal.aborted) return TE.right<ProjectionStoreFailure, void>(undefined)()
      await nextTurn()
    }
  }
