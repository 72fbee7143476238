/** The folded state of a run inside the ledger: its Run, its revision, and the command ids it has seen. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Transition } from '../../projections/current-run.ts'
import { follow } from '../../projections/follow.ts'
import type { EventStore, Position, StoredEvent, StreamDeleted } from '../event-store/event-store.ts'
import type { RunEvent } from '../run/events.ts'
import { jsonBytes } from '../run/json.ts'
import type { Run } from '../run/run.ts'
import { type CommandIndex, emptyIndex, noteCommand } from './command-index.ts'
import type { LogUnavailable, RunDeleted, RunUnreadable } from './failures.ts'

/** Mutable, and owned by whoever holds the run's turn. */
export type RunState = {
  run: Run | null
  /** -1 before the first event. */
  revision: number
  /** Of the latest event; null before the first. */
  position: Position | null
  readonly commands: CommandIndex
  /** How many bytes of JSON the Run takes, at most. */
  bytes: number
  /** `bytes` when the Run was last measured. */
  measured: number
}

export const emptyState = (): RunState => ({
  run: null,
  revision: -1,
  position: null,
  commands: emptyIndex(),
  bytes: 0,
  measured: 0,
})

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

/** Moves `state` past an event that is stored. `bytes`: how long its data are as stored. */
export const advance = (state: RunState, run: Run, event: RunEvent, bytes: number, position: Position): void => {
  state.run = run
  state.revision += 1
  state.position = position
  noteCommand(state.commands, event.metadata.command_id)
  if ('run_metadata' in event.data) grow(state, run, bytes)
}

/** A patch adds no more to the Run than it is long. It may replace as much, so now and then the Run is measured. */
const grow = (state: RunState, run: Run, bytes: number): void => {
  state.bytes += bytes
  if (state.bytes < 2 * state.measured + LEAST_MEASURED) return
  state.measured = jsonBytes(run)
  state.bytes = state.measured
}

const LEAST_MEASURED = 4_096

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
      advance(state, after, event, stored.data.length, stored.position)
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
