/** The folded state of a run inside the ledger: its Run, its revision, and the command ids it has seen. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Transition } from '../../projections/current-run.ts'
import { follow } from '../../projections/follow.ts'
import type { EventStore, Position, StoredEvent, StreamDeleted } from '../event-store/event-store.ts'
import type { RunEvent } from '../run/events.ts'
import { jsonBytes } from '../run/json.ts'
import type { Run } from '../run/run.ts'
import { type CommandIndex, emptyIndex, noteCommand } from './command-index.ts'
import type { LogUnavailable, RunDeleted, RunUnreadable } from './failures.ts'

/** Mutable, and owned by the holder of the run's turn. */
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

/** The Run before and after `stored`, given the Run at `revision` (null at -1). RunUnreadable where `stored` cannot follow it. */
export const followStored = (
  run: Run | null,
  revision: number,
  stored: StoredEvent,
): E.Either<RunUnreadable, Transition> =>
  pipe(
    follow(run, revision, stored),
    E.mapLeft(({ detail }) => unreadableAt(stored, detail)),
  )

/** The failure of a run that cannot be read on from `stored`. */
export const unreadableAt = ({ stream, revision, type }: StoredEvent, detail: string): RunUnreadable => ({
  _tag: 'RunUnreadable',
  run_id: stream,
  revision,
  type,
  detail,
})

/** Updates `state` with a stored event. `run`: the Run after it; `bytes`: the length of its stored data. */
export const advance = (state: RunState, run: Run, event: RunEvent, bytes: number, position: Position): void => {
  state.run = run
  state.revision += 1
  state.position = position
  noteCommand(state.commands, event.metadata.command_id)
  if ('run_metadata' in event.data) grow(state, run, bytes)
}

/** A patch adds at most its own length to the Run, but may also replace values: the Run is measured again each time the estimate has doubled. */
const grow = (state: RunState, run: Run, bytes: number): void => {
  state.bytes += bytes
  if (state.bytes < 2 * state.measured + LEAST_MEASURED) return
  state.measured = jsonBytes(run)
  state.bytes = state.measured
}

const LEAST_MEASURED = 4_096

/** How many events one read of a stream asks for. */
export const PAGE = 512
/** How many ms the events of one stream are folded before other work gets a turn. */
const TURN_MS = 10

/**
 * Reads the stream of `run_id` from where `state` is and folds it into `state`. Returns true at the end of the stream,
 * false where `isEnough` ended it early. `state` is at the last event that could be folded, also on failure.
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
      return pipe(
        followStored(state.run, state.revision, stored),
        E.map(({ event, after }) => {
          advance(state, after, event, stored.data.length, stored.position)
          return true
        }),
      )
    })

/** What a visitor of `walk` returns to get the next event. */
export const GO_ON = E.right(true)
/** What it returns to get no more. */
export const STOP = E.right(false)

/**
 * Gives `visit` the events of a stream in order, from revision `from` on. Returns true where the stream ended, false
 * where the visitor ended it, and the visitor's or the store's failure. Yields to other work in between: folding one
 * event of a run with many metadata can take ms.
 */
export const walk = async <Failure>(
  store: EventStore,
  run_id: string,
  from: number,
  visit: (stored: StoredEvent) => E.Either<Failure, boolean>,
): Promise<E.Either<Failure | RunDeleted | RunUnreadable | LogUnavailable, boolean>> => {
  let turn = performance.now()
  // Plain checks of `_tag`: the loops end early, and every event that is read from a stream passes here.
  for (let next = from; ; ) {
    const page = await store.readStream(run_id, { from: next, direction: 'forward', limit: PAGE })()
    if (page._tag === 'Left') return E.left(readFailure(run_id, page.left))
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

/** A store's failure to read the stream of `run_id`, as a failure of the ledger. */
export const readFailure = (
  run_id: string,
  failure: StreamDeleted | Readonly<{ _tag: 'StoreUnavailable'; detail: string }>,
): RunDeleted | RunUnreadable | LogUnavailable =>
  failure._tag === 'StreamDeleted' ? deleted(run_id, failure) : { _tag: 'LogUnavailable', detail: failure.detail }

/** The failure of a run whose stream was deleted: deleted for good, or unreadable because its first events are missing. */
export const deleted = (run_id: string, { tombstoned }: StreamDeleted): RunDeleted | RunUnreadable =>
  tombstoned
    ? { _tag: 'RunDeleted', run_id }
    : { _tag: 'RunUnreadable', run_id, revision: 0, type: 'RunCreated', detail: 'the stream was deleted or truncated' }
