/** A run as it was: the fold of a prefix of its stream. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { recordedAtOf } from '../../projections/audit-entry.ts'
import type { EventStore, Position, StoredEvent } from '../event-store/event-store.ts'
import type { RunEvent } from '../run/events.ts'
import type { Run } from '../run/run.ts'
import type { Time } from '../run/time.ts'
import type { HistoryFailure, RunUnreadable } from './failures.ts'
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
  async () => {
    const prefix: Prefix = { at: null }
    const walked = await walk(store, run_id, 0, (stored) => extend(prefix, stored, moment))
    return walked._tag === 'Left' ? walked : answer(run_id, moment, prefix.at, !walked.right)
  }

type Prefix = { at: RunAt | null }

/** Makes `prefix` one event longer, or says that the event lies after the moment. */
const extend = (prefix: Prefix, stored: StoredEvent, moment: Moment): Either<RunUnreadable, boolean> => {
  if (moment.revision !== undefined && stored.revision > moment.revision) return STOP
  const followed = followStored(prefix.at?.run ?? null, prefix.at?.revision ?? -1, stored)
  if (followed._tag === 'Left') return followed
  if (isLater(followed.right.event, stored, moment)) return STOP
  prefix.at = { run: followed.right.after, revision: stored.revision, position: stored.position }
  return GO_ON
}

const isLater = (event: RunEvent, stored: StoredEvent, { as_of, known_at }: Moment): boolean =>
  (as_of !== undefined && event.data.occurred_at > as_of) ||
  (known_at !== undefined && recordedAtOf(event, stored) > known_at)

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
