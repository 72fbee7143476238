/** A run's past: as it was at a moment, and the events that led there, one by one. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { type Entry, entryOf, recordedAtOf } from '../../projections/audit-entry.ts'
import type { Transition } from '../../projections/current-run.ts'
import type { EventStore, Position, StoredEvent } from '../event-store/event-store.ts'
import type { Run } from '../run/run.ts'
import type { Time } from '../run/time.ts'
import type { HistoryFailure, LogUnavailable, RunDeleted, RunUnreadable } from './failures.ts'
import { followStored, GO_ON, STOP, walk } from './run-state.ts'

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

/** Reads the run from its stream, at `moment`. What comes after that prefix is not looked at, readable or not. */
export const readRunAt =
  (store: EventStore) =>
  (run_id: string, moment: Moment = {}): TaskEither<HistoryFailure, RunAt> =>
    replayRun(store)(run_id, moment, () => undefined)

/** Reads the run as `readRunAt` does, and shows `visit` each event of the prefix with what it did, in order. */
export const replayRun =
  (store: EventStore) =>
  (
    run_id: string,
    moment: Moment,
    visit: (stored: StoredEvent, transition: Transition) => void,
  ): TaskEither<HistoryFailure, RunAt> =>
  async () => {
    const prefix: Prefix = { at: null }
    const walked = await walk(store, run_id, 0, (stored) => {
      const followed = extend(prefix, stored, moment)
      if (followed._tag === 'Left') return followed
      if (followed.right === null) return STOP
      visit(stored, followed.right)
      return GO_ON
    })
    return walked._tag === 'Left' ? walked : answer(run_id, moment, prefix.at, !walked.right)
  }

type TrailFailure = Readonly<{ _tag: 'RunNotFound' }> | RunDeleted | RunUnreadable | LogUnavailable

/**
 * Shows `visit` every event of the run, in order, with what it did: null from the first one on from which the run
 * cannot be read. Answers why it cannot, null where it can; a stream that is not there any more is a failure.
 */
export const readTrail =
  (store: EventStore) =>
  (
    run_id: string,
    visit: (stored: StoredEvent, transition: Transition | null) => void,
  ): TaskEither<TrailFailure, RunUnreadable | null> =>
  async (): Promise<Either<TrailFailure, RunUnreadable | null>> => {
    const trail: Trail = { before: null, events: 0, unreadable: null }
    const walked = await walk<never>(store, run_id, 0, (stored) => {
      visit(stored, next(trail, stored))
      return GO_ON
    })
    // Nothing of it can be read, though it was there.
    if (walked._tag === 'Left') return walked.left._tag === 'RunUnreadable' ? right(walked.left) : left(walked.left)
    return trail.events === 0 ? left({ _tag: 'RunNotFound' }) : right(trail.unreadable)
  }

type Trail = { before: Run | null; events: number; unreadable: RunUnreadable | null }

/** Moves `trail` past `stored`, and answers what that did. */
const next = (trail: Trail, stored: StoredEvent): Transition | null => {
  if (trail.unreadable !== null) return null
  const followed = followStored(trail.before, trail.events - 1, stored)
  trail.events += 1
  if (followed._tag === 'Left') {
    trail.unreadable = followed.left
    return null
  }
  trail.before = followed.right.after
  return followed.right
}

type Prefix = { at: RunAt | null }

/** Makes `prefix` one event longer; null where the event lies after the moment. */
const extend = (prefix: Prefix, stored: StoredEvent, moment: Moment): Either<RunUnreadable, Transition | null> => {
  if (moment.revision !== undefined && stored.revision > moment.revision) return right(null)
  const followed = followStored(prefix.at?.run ?? null, prefix.at?.revision ?? -1, stored)
  if (followed._tag === 'Left') return isLater(entryOf(stored, null), moment) ? right(null) : followed
  const { data } = followed.right.event
  const times = { occurred_at: data.occurred_at, recorded_at: recordedAtOf(followed.right.event, stored) }
  if (isLater(times, moment)) return right(null)
  prefix.at = { run: followed.right.after, revision: stored.revision, position: stored.position }
  return followed
}

/** Of an event that cannot be read by what is legible of its times: the world's may be missing. */
const isLater = (
  { occurred_at, recorded_at }: Pick<Entry, 'occurred_at' | 'recorded_at'>,
  { as_of, known_at }: Moment,
): boolean =>
  (as_of !== undefined && occurred_at !== null && occurred_at > as_of) ||
  (known_at !== undefined && recorded_at > known_at)

/** `stopped`: the stream goes on after the prefix. */
const answer = (
  run_id: string,
  { revision }: Moment,
  at: RunAt | null,
  stopped: boolean,
): Either<HistoryFailure, RunAt> => {
  if (at === null) return left(stopped ? { _tag: 'RunNotYetCreated', run_id } : { _tag: 'RunNotFound' })
  return revision !== undefined && at.revision < revision && !stopped
    ? left({ _tag: 'NoSuchRevision', run_id, last: at.revision })
    : right(at)
}
