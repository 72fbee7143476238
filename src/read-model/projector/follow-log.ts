/** A supervised catch-up subscription: where it fails, it begins again from the checkpoint. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Batch, EventStore, Position, StoreUnavailable } from '../../event-store/event-store.ts'
import { sleep } from '../../lib/abortable.ts'
import { backoff } from '../../lib/backoff.ts'
import type { CommitFailure, ReadModelDamaged } from '../projection-store.ts'
import type { ForeignReadModel } from './ledger-check.ts'
import type { ProjectorLog } from './projector.ts'

/** What another try does not help with. */
export type Hopeless = ReadModelDamaged | ForeignReadModel

export type FollowFailure = CommitFailure | ForeignReadModel | StoreUnavailable

export type Following = Readonly<{
  store: EventStore
  /** For the log. */
  name: string
  /** What is done before each beginning. Returns where to begin. */
  begin: TE.TaskEither<FollowFailure, Position>
  onBatch: (batch: Batch) => TE.TaskEither<FollowFailure, void>
  /** Ends it, after the batch under way. */
  signal: AbortSignal
  log: ProjectorLog
}>

// More events a batch cost latency, fewer throughput.
const BATCH_SIZE = 1_024

/** Follows the log until `signal` aborts. Left where no other try helps. */
export const followLog = (following: Following): TE.TaskEither<Hopeless, void> =>
  keepTrying(following, (progressed) =>
    pipe(
      following.begin,
      TE.flatMap((from) => followFrom(following, from, progressed)),
    ),
  )

const followFrom =
  ({ store, onBatch, signal }: Following, from: Position, progressed: () => void): TE.TaskEither<FollowFailure, void> =>
  async () => {
    for await (const batch of store.subscribe({ from, signal, batchSize: BATCH_SIZE })) {
      const written = await onBatch(batch)()
      if (written._tag === 'Left') return written
      progressed()
      if (signal.aborted) return written
    }
    if (!signal.aborted) throw new Error('the subscription ended')
    return TE.right<FollowFailure, void>(undefined)()
  }

const BACKOFF = { minDelay: 50, maxDelay: 5_000 } as const

/**
 * Until `attempt` succeeds or `signal` aborts: where it throws or fails, it is made again after a wait, a short one where it
 * called `progressed`. Left where no other try helps.
 */
export const keepTrying =
  (
    { name, signal, log }: Pick<Following, 'name' | 'signal' | 'log'>,
    attempt: (progressed: () => void) => TE.TaskEither<FollowFailure, void>,
  ): TE.TaskEither<Hopeless, void> =>
  async () => {
    for (let failures = 0; !signal.aborted; failures += 1) {
      const failed = await attempt(() => {
        failures = 0
      })().then(
        (ended) => (ended._tag === 'Left' ? ended.left : null),
        // What the subscription cannot recover from.
        (error: unknown) => error,
      )
      if (failed === null) break
      if (signal.aborted) break
      if (isHopeless(failed)) return TE.left(failed)()
      const wait = Math.round(backoff(BACKOFF, failures))
      log({ level: 'error', message: `${name}: begins again in ${wait} ms: ${detailOf(failed)}` })
      await sleep(wait, signal)
    }
    return TE.right<Hopeless, void>(undefined)()
  }

const isHopeless = (failure: unknown): failure is Hopeless =>
  typeof failure === 'object' &&
  failure !== null &&
  '_tag' in failure &&
  (failure._tag === 'ReadModelDamaged' || failure._tag === 'ForeignReadModel')

const detailOf = (failure: unknown): string => {
  if (failure instanceof Error) return failure.stack ?? failure.message
  return typeof failure === 'object' ? JSON.stringify(failure) : String(failure)
}
