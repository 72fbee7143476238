/** Reads a run as it was at a moment, and the events that led there, one by one. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Entry, entryOf, recordedAtOf } from '../../projections/audit-entry.ts'
import type { Transition } from '../../projections/current-run.ts'
import type { EventStore, Position, StoredEvent } from '../event-store/event-store.ts'
import type { Run } from '../run/run.ts'
import type { Time } from '../run/time.ts'
import type { HistoryFailure, LogUnavailable, RunDeleted, RunUnreadable } from './failures.ts'
import { followStored, GO_ON, walk } from './run-state.ts'

/** Which prefix of the stream: the shortest that any of these asks for; the whole stream where none is given. */
export type Moment = Readonly<{
  /** As it stood then in the world: the events that had occurred by then. */
  as_of?: Time | undefined
  /** As the ledger knew it then: the events recorded by then. */
  known_at?: Time | undefined
  /** As it was after this event. */
  revision?: number | undefined
}>

/** A Run with the revision and the position of the last event that it is made of. */
export type RunAt = Readonly<{ run: Run; revision: number; position: Position }>

/** Folds the run from its stream as it was at `moment`. Later events are ignored, readable or not. */
export const readRunAt =
  (store: EventStore) =>
  (run_id: string, moment: Moment = {}): TE.TaskEither<HistoryFailure, RunAt> =>
    replayRun(store)(run_id, moment, () => undefined)

/** Like `readRunAt`, and calls `visit` with each event of the prefix and its transition, in order. */
export const replayRun =
  (store: EventStore) =>
  (
    run_id: string,
    moment: Moment,
    visit: (stored: StoredEvent, transition: Transition) => void,
  ): TE.TaskEither<HistoryFailure, RunAt> =>
  () => {
    const prefix: Prefix = { at: null }
    return pipe(
      () =>
        walk(store, run_id, 0, (stored) =>
          pipe(
            extend(prefix, stored, moment),
            E.map((transition) => {
              if (transition !== null) visit(stored, transition)
              return transition !== null
            }),
          ),
        ),
      TE.flatMapEither((isWhole): E.Either<HistoryFailure, RunAt> => runAt(run_id, moment, prefix.at, isWhole)),
    )()
  }

type TrailFailure = Readonly<{ _tag: 'RunNotFound' }> | RunDeleted | RunUnreadable | LogUnavailable

/**
 * Calls `visit` with every event of the run and its transition, in order; the transition is null from the first event
 * that makes the run unreadable. Returns why the run is unreadable, null where it is readable. Fails where the stream is
 * missing or deleted, or the log cannot be read.
 */
export const readTrail =
  (store: EventStore) =>
  (
    run_id: string,
    visit: (stored: StoredEvent, transition: Transition | null) => void,
  ): TE.TaskEither<TrailFailure, RunUnreadable | null> =>
  () => {
    const trail: Trail = { before: null, events: 0, unreadable: null }
    return pipe(
      () =>
        walk<never>(store, run_id, 0, (stored) => {
          visit(stored, next(trail, stored))
          return GO_ON
        }),
      TE.flatMapEither(() => (trail.events === 0 ? NOT_FOUND : E.right(trail.unreadable))),
      // The stream existed, but its first events are gone.
      TE.orElse((failure) => (failure._tag === 'RunUnreadable' ? TE.right(failure) : TE.left(failure))),
    )()
  }

const NOT_FOUND: E.Either<TrailFailure, never> = E.left({ _tag: 'RunNotFound' })

type Trail = { before: Run | null; events: number; unreadable: RunUnreadable | null }

/** Adds `stored` to `trail`. Returns its transition, null where the run is unreadable. */
const next = (trail: Trail, stored: StoredEvent): Transition | null => {
  if (trail.unreadable !== null) return null
  const revision = trail.events - 1
  trail.events += 1
  return pipe(
    followStored(trail.before, revision, stored),
    E.match(
      (failure) => {
        trail.unreadable = failure
        return null
      },
      (transition) => {
        trail.before = transition.after
        return transition
      },
    ),
  )
}

type Prefix = { at: RunAt | null }

/** Adds `stored` to `prefix`. Returns its transition, null where it is later than `moment`. */
const extend = (prefix: Prefix, stored: StoredEvent, moment: Moment): E.Either<RunUnreadable, Transition | null> => {
  if (moment.revision !== undefined && stored.revision > moment.revision) return E.right(null)
  return pipe(
    followStored(prefix.at?.run ?? null, prefix.at?.revision ?? -1, stored),
    E.map((transition) => {
      const { event, after } = transition
      const times = { occurred_at: event.data.occurred_at, recorded_at: recordedAtOf(event, stored) }
      if (isLater(times, moment)) return null
      prefix.at = { run: after, revision: stored.revision, position: stored.position }
      return transition
    }),
    E.orElse((failure) => (isLater(entryOf(stored, null), moment) ? E.right(null) : E.left(failure))),
  )
}

/** `occurred_at` is null for an event that cannot be read: only `recorded_at` is compared then. */
const isLater = (
  { occurred_at, recorded_at }: Pick<Entry, 'occurred_at' | 'recorded_at'>,
  { as_of, known_at }: Moment,
): boolean =>
  (as_of !== undefined && occurred_at !== null && occurred_at > as_of) ||
  (known_at !== undefined && recorded_at > known_at)

/** `isWhole`: no events follow the prefix. */
const runAt = (
  run_id: string,
  { revision }: Moment,
  at: RunAt | null,
  isWhole: boolean,
): E.Either<HistoryFailure, RunAt> => {
  if (at === null) return E.left(isWhole ? { _tag: 'RunNotFound' } : { _tag: 'RunNotYetCreated', run_id })
  return revision !== undefined && at.revision < revision && isWhole
    ? E.left({ _tag: 'NoSuchRevision', run_id, last: at.revision })
    : E.right(at)
}
