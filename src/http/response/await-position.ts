/** Reading your own writes: waiting until the read model has reached a position. */
import type { FastifyReply } from 'fastify'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { problem, problemOf } from '../../api/problems.ts'
import type { Position } from '../../event-store/event-store.ts'
import type { ServerParts } from '../server-parts.ts'
import type { Refusal } from './problem-response.ts'
import { logRefusal, readProblem } from './read-problems.ts'
import { POSITION } from './response-headers.ts'

type Waiting = Pick<ServerParts, 'store' | 'readModel' | 'limits'>

/**
 * Succeeds once the read model has reached `position`; at once where that is undefined. Refused after
 * `limits.waitForPosition` ms, and much sooner where the log itself does not go that far.
 */
export const reached = (
  { store, readModel, limits }: Waiting,
  position: Position | undefined,
): TE.TaskEither<Refusal, void> => {
  if (position === undefined) return REACHED
  const soon = Math.min(SOON_MS, limits.waitForPosition)
  const within =
    (ms: number): T.Task<boolean> =>
    () =>
      readModel.waitFor(position, ms)
  const waitOn = pipe(
    inTheLog(store, position),
    TE.flatMapTask(() => within(limits.waitForPosition - soon)),
    TE.flatMap((isThere) => (isThere ? REACHED : notReached(readModel, position))),
  )
  return pipe(
    TE.fromTask(within(soon)),
    TE.flatMap((isThere) => (isThere ? REACHED : waitOn)),
  )
}

/**
 * The position that an answer made from the log is made at: the head of the log, or `wanted` where that is later. The read
 * model is waited for in that case only: what the log holds by now is read anyway.
 */
export const logPosition = (parts: Waiting, wanted: Position | undefined): TE.TaskEither<Refusal, Position> =>
  pipe(
    parts.store.headPosition(),
    TE.mapLeft(logRefusal),
    TE.flatMap((head) =>
      wanted === undefined || wanted <= head
        ? TE.right(head)
        : pipe(
            reached(parts, wanted),
            TE.map(() => wanted),
          ),
    ),
  )

/** Names the position of `read` in the headers of the answer; returns `read`. */
export const withPosition =
  (reply: FastifyReply) =>
  <Read extends Readonly<{ position: Position }>>(read: Read): Read => {
    reply.header(POSITION, read.position)
    return read
  }

/** The OpenAPI description of that header. */
export const POSITION_HEADER = { 'Run-Ledger-Position': 'the position up to which the log had been read' }

const REACHED: TE.TaskEither<Refusal, void> = TE.right(undefined)

/** Refused where the log is known to end before `position`. */
const inTheLog = (store: Waiting['store'], position: Position): TE.TaskEither<Refusal, void> =>
  pipe(
    store.headPosition(),
    TE.match(
      () => E.right(undefined),
      (head) => (position > head ? E.left(BEYOND_THE_LOG) : E.right(undefined)),
    ),
  )

const notReached = (readModel: Waiting['readModel'], position: Position): TE.TaskEither<Refusal, never> =>
  pipe(
    readModel.position(),
    TE.match(readProblem, (at) =>
      problem('position-not-reached', `the read model is at ${at}, not yet at ${position}`),
    ),
    T.map((late) => E.left({ problem: late })),
  )

// Usually enough for a read of one's own write. Another node may need as long to learn of what was just stored.
const SOON_MS = 250

const BEYOND_THE_LOG: Refusal = {
  problem: problemOf({
    _tag: 'MalformedRequest',
    errors: [
      {
        header: 'Run-Ledger-Position',
        detail: 'is beyond the end of the log: a position holds within the store that gave it',
      },
    ],
  }),
}
