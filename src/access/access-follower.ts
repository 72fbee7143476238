/** Follows the access stream, so that this node knows within a moment what any node has done. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { AccessStream, EventStore, StoredEvent } from '../event-store/event-store.ts'
import { sleep } from '../lib/abortable.ts'
import { backoff } from '../lib/backoff.ts'
import { type AccessState, foldAccess, NO_ACCESS } from './access-state.ts'

/** Nobody can say now who may do what: the store is `silent`, or the stream `unreadable`. `detail` is for the log. */
export type AccessUnavailable = Readonly<{
  _tag: 'AccessUnavailable'
  why: 'silent' | 'unreadable'
  detail: string
}>

export type AccessFollower = Readonly<{
  /** As far as it was read. Left where it cannot be read, or where that it is up to date could not be confirmed for `confirmWithin`. */
  state: () => E.Either<AccessUnavailable, AccessState>
  /** Reads on, and returns what there is now. */
  refresh: TE.TaskEither<AccessUnavailable, AccessState>
  /** Calls `listener` after each change, until the function that it returns is called. */
  onChange: (listener: () => void) => () => void
  close: () => Promise<void>
}>

/** In ms. */
export type FollowerLimits = Readonly<{ confirmEvery: number; confirmWithin: number }>

const LIMITS: FollowerLimits = { confirmEvery: 10_000, confirmWithin: 60_000 }
const BACKOFF = { minDelay: 50, maxDelay: 2_000 } as const

const silent = (detail: string): AccessUnavailable => ({ _tag: 'AccessUnavailable', why: 'silent', detail })
const unreadable = (detail: string): AccessUnavailable => ({ _tag: 'AccessUnavailable', why: 'unreadable', detail })

/**
 * The state after `known`, read from the stream to its end. Left where the store does not answer, and where the stream is
 * deleted or holds what this version cannot read.
 */
export const readAccess = (
  access: AccessStream,
  known: AccessState = NO_ACCESS,
): TE.TaskEither<AccessUnavailable, AccessState> =>
  pipe(
    access.read({ from: known.revision + 1, direction: 'forward', limit: PAGE }),
    TE.mapLeft((failure) =>
      failure._tag === 'StreamDeleted' ? unreadable('the access stream is deleted or hidden') : silent(failure.detail),
    ),
    TE.flatMap(({ events, endOfStream }) =>
      pipe(
        TE.fromEither(folded(known, events)),
        TE.flatMap((state) => (endOfStream ? TE.right(state) : readAccess(access, state))),
      ),
    ),
  )

const PAGE = 1_000

const folded = (known: AccessState, events: readonly StoredEvent[]): E.Either<AccessUnavailable, AccessState> =>
  pipe(
    foldAccess(known, events),
    E.mapLeft(({ detail }) => unreadable(detail)),
  )

/** Reads the stream, then follows it until it is closed. A stream that cannot be read is read again and again. */
export const followAccess = async (
  store: EventStore,
  { confirmEvery, confirmWithin }: FollowerLimits = LIMITS,
): Promise<AccessFollower> => {
  const stop = new AbortController()
  const listeners = new Set<() => void>()
  let state: E.Either<AccessUnavailable, AccessState> = E.left(silent('the access stream was not read yet'))
  let confirmed = Number.NEGATIVE_INFINITY

  const take = (next: E.Either<AccessUnavailable, AccessState>): void => {
    const before = state
    // Two reads may overlap: the one that saw less must not undo what the other saw.
    if (E.isRight(next) && E.isRight(before) && next.right.revision <= before.right.revision) return
    state = next
    for (const listener of listeners) listener()
  }
  const known = (): AccessState =>
    pipe(
      state,
      E.getOrElse(() => NO_ACCESS),
    )

  const readOn = async (): Promise<void> => {
    const read = await readAccess(store.access, known())()
    if (E.isRight(read)) confirmed = performance.now()
    // What was read stays true for a while where the store is silent, but not where the stream itself is at fault.
    if (E.isRight(read) || E.isLeft(state) || read.left.why === 'unreadable') take(read)
  }
  const confirm = async (): Promise<void> => {
    while (await sleep(E.isRight(state) ? confirmEvery : BACKOFF.maxDelay, stop.signal)) await readOn()
  }
  const onEvents = async (events: readonly StoredEvent[], marked: boolean): Promise<void> => {
    if (marked || E.isLeft(state)) await readOn()
    else if (events.length > 0) take(folded(known(), events))
  }
  const follow = async (): Promise<void> => {
    for (let failures = 0; !stop.signal.aborted; failures += 1) {
      try {
        // What is appended before this is known is read; the rest comes by the subscription.
        const head = await store.headPosition()()
        await readOn()
        if (E.isLeft(head)) throw head.left
        for await (const { events, marks } of store.access.subscribe({ from: head.right, signal: stop.signal })) {
          failures = 0
          await onEvents(events, marks.length > 0)
        }
      } catch {
        // Whatever it is shows in `confirmed`, which nothing renews then.
      }
      await sleep(backoff(BACKOFF, failures), stop.signal)
    }
  }

  await readOn()
  const working = Promise.all([confirm(), follow()])
  return {
    state: () =>
      E.isRight(state) && performance.now() - confirmed > confirmWithin
        ? E.left(silent('the access stream could not be confirmed for a while'))
        : state,
    refresh: async () => {
      const read = await readAccess(store.access, known())()
      if (E.isLeft(read)) return read
      confirmed = performance.now()
      take(read)
      return E.right(known())
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => {
      stop.abort()
      await working
    },
  }
}
