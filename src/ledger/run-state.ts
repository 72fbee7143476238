/** The folded state of a run inside the ledger: its Run, its revision, and the command ids it has seen. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { LRUCache } from 'lru-cache'
import type { Transition } from '../../projections/current-run.ts'
import { follow } from '../../projections/follow.ts'
import type { EventStore, Position, StoredEvent, StreamDeleted } from '../event-store/event-store.ts'
import type { RunEvent } from '../run/events.ts'
import type { Run } from '../run/run.ts'
import type { LogUnavailable, RunDeleted, RunUnreadable } from './failures.ts'

/** Mutable, and owned by whoever holds the run's turn. */
export type RunState = {
  run: Run | null
  /** -1 before the first event. */
  revision: number
  /** Of the latest event; null before the first. */
  position: Position | null
  /** At which revision each command id was stored. */
  readonly commands: Map<string, number>
  /** Of the events folded so far: what the state holds in memory is no more. */
  bytes: number
}

export const emptyState = (): RunState => ({ run: null, revision: -1, position: null, commands: new Map(), bytes: 0 })

/** What `stored` makes of the Run that stood at `revision`, or that it makes its run unreadable. */
export const followStored = (
  run: Run | null,
  revision: number,
  stored: StoredEvent,
): Either<RunUnreadable, Transition> => {
  const followed = follow(run, revision, stored)
  if (followed._tag === 'Right') return followed
  const { stream, type } = stored
  return left({ _tag: 'RunUnreadable', run_id: stream, revision: stored.revision, type, detail: followed.left.detail })
}

/** Moves `state` past an event that is now stored. */
export const advance = (state: RunState, run: Run, event: RunEvent, bytes: number, position: Position): void => {
  state.run = run
  state.revision += 1
  state.position = position
  state.bytes += bytes
  state.commands.set(event.metadata.command_id, state.revision)
}

/** How many events one read of a stream asks for. */
export const PAGE = 512
/** How long the events of one stream are folded before others get their turn. */
const TURN_MS = 10

/**
 * Reads the stream of `run_id` on from where `state` stands, to its end: true; or until `isEnough`: false. On failure, and
 * then, `state` is at the last good event.
 */
export const readOn =
  (store: EventStore) =>
  (
    run_id: string,
    state: RunState,
    isEnough: () => boolean,
  ): TaskEither<RunUnreadable | RunDeleted | LogUnavailable, boolean> =>
  () =>
    walk(store, run_id, state.revision + 1, (stored) => {
      if (isEnough()) return STOP
      const followed = followStored(state.run, state.revision, stored)
      if (followed._tag === 'Left') return followed
      const { event, after } = followed.right
      advance(state, after, event, stored.data.length + stored.metadata.length, stored.position)
      return GO_ON
    })

/** What a visitor of `walk` answers to be shown the next event. */
export const GO_ON = right(true as const)
/** What it answers to see no more. */
export const STOP = right(false as const)

/**
 * Shows `visit` the events of a stream in order, from revision `from` on. Answers `GO_ON` where the stream ended,
 * `STOP` where the visitor ended it, and the visitor's or the store's failure. Others get their turn in between: to fold
 * one event of a run with many metadata can take ms.
 */
export const walk = async <Failure>(
  store: EventStore,
  run_id: string,
  from: number,
  visit: (stored: StoredEvent) => Either<Failure, boolean>,
): Promise<Either<Failure | RunDeleted | RunUnreadable | LogUnavailable, boolean>> => {
  let turn = performance.now()
  for (let next = from; ; ) {
    const page = await store.readStream(run_id, { from: next, direction: 'forward', limit: PAGE })()
    if (page._tag === 'Left') return left(readFailure(run_id, page.left))
    const { events, endOfStream } = page.right
    for (const stored of events) {
      const visited = visit(stored)
      if (visited._tag === 'Left' || !visited.right) return visited
      if (performance.now() - turn > TURN_MS) {
        await nextTurn()
        turn = performance.now()
      }
    }
    const last = events.at(-1)
    if (endOfStream || last === undefined) return GO_ON
    next = last.revision + 1
  }
}

/** A store's failure to read, in the ledger's words. */
export const readFailure = (
  run_id: string,
  failure: StreamDeleted | Readonly<{ _tag: 'StoreUnavailable'; detail: string }>,
): RunDeleted | RunUnreadable | LogUnavailable =>
  failure._tag === 'StreamDeleted' ? deleted(run_id, failure) : { _tag: 'LogUnavailable', detail: failure.detail }

/** What a run is whose stream was deleted: gone for good, or without its beginning. */
export const deleted = (run_id: string, { tombstoned }: StreamDeleted): RunDeleted | RunUnreadable =>
  tombstoned
    ? { _tag: 'RunDeleted', run_id }
    : { _tag: 'RunUnreadable', run_id, revision: 0, type: 'RunCreated', detail: 'the stream was deleted or truncated' }

const MAX_CACHED_RUNS = 1_800
const MAX_CACHED_BYTES = 30 * 1024 * 1024
const MAX_NEW_RUNS = 200
const MAX_NEW_BYTES = 2 * 1024 * 1024
// Beside the events' own bytes: the Run, the map of command ids, their entries.
const BYTES_A_STATE = 500
const BYTES_A_COMMAND = 100

export type StateCache = Readonly<{
  get: (run_id: string) => RunState | undefined
  set: (run_id: string, state: RunState) => void
  delete: (run_id: string) => void
}>

/**
 * Keeps the states of runs lately written to. A state may be behind the log: see `execute`. Runs that were only created
 * are kept apart, and fewer of them: many creates in a row push nothing out that is in use, and leave the garbage
 * collector little to move, which took a fifth of the time of a create.
 */
export const stateCache = (): StateCache => {
  const going = states(MAX_CACHED_RUNS, MAX_CACHED_BYTES)
  const created = states(MAX_NEW_RUNS, MAX_NEW_BYTES)
  return {
    get: (run_id) => going.get(run_id) ?? created.get(run_id),
    set: (run_id, state) => {
      if (state.revision === 0) {
        created.set(run_id, state)
        return
      }
      created.delete(run_id)
      // A state that it holds already is not measured again, and this one has grown.
      going.delete(run_id)
      going.set(run_id, state)
    },
    delete: (run_id) => {
      going.delete(run_id)
      created.delete(run_id)
    },
  }
}

const states = (max: number, maxSize: number): LRUCache<string, RunState> =>
  new LRUCache({
    max,
    maxSize,
    sizeCalculation: (state) => BYTES_A_STATE + state.bytes + state.commands.size * BYTES_A_COMMAND,
  })
