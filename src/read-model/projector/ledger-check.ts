/** Whether a read model was made of this log: the event at its checkpoint must be the one that it remembers. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import {
  type EventStore,
  type Position,
  START,
  type StoreUnavailable,
  unavailable,
} from '../../event-store/event-store.ts'
import type { Checkpoint } from '../projection-store.ts'

/** The tables were made of another log: `projections rebuild` makes them of this one. */
export type ForeignReadModel = Readonly<{ _tag: 'ForeignReadModel'; checkpoint: Position; detail: string }>

/** The tables were made of more of this log than there is now: `projections rebuild` makes them again. */
export type CheckpointBeyondHead = Readonly<{
  _tag: 'CheckpointBeyondHead'
  checkpoint: Position
  head: Position
  detail: string
}>

/** The live tables are not of this log. */
export type NotOfThisLog = CheckpointBeyondHead | ForeignReadModel

/**
 * Fails where the tables with this checkpoint were made of another log than `store`. An event that is gone, by deletion or
 * scavenging, does not say so: then the log's first event decides.
 */
export const checkLedger = (
  store: EventStore,
  checkpoint: Checkpoint,
): TE.TaskEither<ForeignReadModel | StoreUnavailable, void> => {
  const { event_id, event_stream, event_revision, last_event_position } = checkpoint
  if (event_id === null || event_stream === null || event_revision === null) return TE.right(undefined)
  return pipe(
    eventIdAt(store, event_stream, event_revision),
    TE.flatMap((found) => {
      if (found === event_id) return TE.right(undefined)
      if (found !== null)
        return TE.left(
          foreign(last_event_position, `event ${event_revision} of ${event_stream} is ${found}, and was ${event_id}`),
        )
      return checkFirstEvent(store, checkpoint)
    }),
  )
}

const checkFirstEvent = (
  store: EventStore,
  { first_event_id, last_event_position, event_stream, event_revision }: Checkpoint,
): TE.TaskEither<ForeignReadModel | StoreUnavailable, void> =>
  pipe(
    firstEventId(store),
    TE.flatMap((found) =>
      found === first_event_id
        ? TE.right(undefined)
        : TE.left(
            foreign(
              last_event_position,
              `it has no event ${event_revision} of ${event_stream}, and begins with ${found}, not with ${first_event_id}`,
            ),
          ),
    ),
  )

const foreign = (checkpoint: Position, found: string): ForeignReadModel => ({
  _tag: 'ForeignReadModel',
  checkpoint,
  detail: `the read model was made of another log than this one: ${found}. \`run-ledger projections rebuild\` makes the read model of this log.`,
})

/** Null where there is none, or none any more. */
const eventIdAt = (
  store: EventStore,
  stream: string,
  revision: number,
): TE.TaskEither<StoreUnavailable, string | null> =>
  pipe(
    store.readStream(stream, { from: revision, direction: 'forward', limit: 1 }),
    TE.map(({ events }) => events.find((event) => event.revision === revision)?.event_id ?? null),
    TE.orElse((failure) => (failure._tag === 'StreamDeleted' ? TE.right(null) : TE.left(failure))),
  )

/** Null where the log has no events. */
const firstEventId = (store: EventStore): TE.TaskEither<StoreUnavailable, string | null> =>
  TE.tryCatch(
    async () => {
      const stop = new AbortController()
      for await (const { events, caughtUp } of store.subscribe({ from: START, signal: stop.signal, batchSize: 1 })) {
        if (events.length === 0 && !caughtUp) continue
        stop.abort()
        return events[0]?.event_id ?? null
      }
      throw new Error('the subscription ended')
    },
    (error) => unavailable(error instanceof Error ? error.message : String(error)),
  )
