/** A catch-up subscription that outlives its calls: what is there, then what comes, whatever happens to the connection. */
import { sleep, unlessAborted } from '../../lib/abortable.ts'
import { backoff } from '../../lib/backoff.ts'
import type { Batch, Position, SubscribeOptions } from '../event-store.ts'
import type { Connection } from './connection.ts'
import { detailOf, type GrpcError, mayPass } from './grpc-error.ts'
import type { Limits } from './limits.ts'
import { isConnectionAtFault } from './read-call.ts'
import type { Edge, Reader } from './reader.ts'
import { openSubscriptionBuffer, type SubscriptionBuffer } from './subscription-buffer.ts'

export type Source = Readonly<{
  connection: Connection
  reader: Reader
  prefix: string
  limits: Limits
  /** Aborts when the store closes. */
  closing: AbortSignal
}>

const BATCH_SIZE = 512

/** Throws what trying again does not help against: access that is denied. */
export async function* subscription(source: Source, options: SubscribeOptions): AsyncGenerator<Batch, void, undefined> {
  const { connection, limits, prefix, closing } = source
  const signal = AbortSignal.any([options.signal, closing])
  const progress: Progress = { position: options.from, caughtUp: false, failures: 0 }
  while (!signal.aborted) {
    const link = connection.link()
    const buffer = openSubscriptionBuffer(link, progress.position, {
      prefix,
      events: true,
      withBytes: options.withBytes === true,
    })
    try {
      const failure = yield* follow(source, buffer, progress, {
        batchSize: options.batchSize ?? BATCH_SIZE,
        signal,
        withAccess: options.withBytes === true,
      })
      if (failure === null) return
      if (!mayPass(failure)) throw new Error(detailOf(failure))
      if (isConnectionAtFault(failure)) connection.leave(link)
    } finally {
      buffer.close()
    }
    await sleep(backoff(limits.backoff, progress.failures), signal)
    progress.failures += 1
  }
}

/** As far as the subscription has got, over all its calls. */
type Progress = { position: Position; caughtUp: boolean; failures: number }

type Following = Readonly<{ batchSize: number; signal: AbortSignal; withAccess: boolean }>

/** Hands on what one call brings; answers why it brings no more, null where nobody wants more. */
async function* follow(
  source: Source,
  buffer: SubscriptionBuffer,
  progress: Progress,
  { batchSize, signal, withAccess }: Following,
): AsyncGenerator<Batch, GrpcError | null, undefined> {
  const catchUp: CatchUp = { live: false, expected: progress.position, withAccess }
  while (!signal.aborted) {
    const next = buffer.ready()
      ? nextBatch(buffer, progress, catchUp, batchSize)
      : await whenDrained(source, buffer, progress, catchUp, signal)
    if (next === null) continue
    if ('code' in next) return next
    yield next
  }
  return null
}

/** Waits for what is to come, or finds that there is nothing; null where it is worth another look. */
const whenDrained = async (
  { reader, limits }: Source,
  buffer: SubscriptionBuffer,
  progress: Progress,
  catchUp: CatchUp,
  signal: AbortSignal,
): Promise<Batch | GrpcError | null> => {
  const failure = buffer.failure()
  if (failure !== null) return failure
  const awaited = catchUp.live || progress.position < catchUp.expected
  if (awaited && (await moreCame(buffer, limits.quietAfter, catchUp.live, signal))) return null
  // Silent for long, and something was to come: this call will not bring it.
  if (progress.position < catchUp.expected) return STALLED
  const edge = await unlessAborted(reader.edge(progress.position, catchUp.withAccess), signal)
  if (edge === null) return null
  if (edge._tag === 'Left') return edge.left
  // Also where more came meanwhile: up to there the end need not be looked up again.
  catchUp.expected = edge.right.lastOwn
  return buffer.ready() ? null : atEdge(edge.right, progress, catchUp)
}

// In ms: while it catches up nobody waits for a single event.
const GATHERING = 5

/** False where nothing came for `within` ms. */
const moreCame = async (
  buffer: SubscriptionBuffer,
  within: number,
  live: boolean,
  signal: AbortSignal,
): Promise<boolean> => {
  await buffer.wait(within, signal)
  // What came together is handed on together: a batch costs more than an event.
  await (live ? new Promise(setImmediate) : sleep(GATHERING, signal))
  return buffer.ready() || buffer.failure() !== null || signal.aborted
}

type CatchUp = {
  /** Whether access events are ours, too. */
  readonly withAccess: boolean
  /** Whether all that the log held was handed on at some moment since, and what came later is pushed as it comes. */
  live: boolean
  /** The last of our events that was seen in the log, which the call may have to bring yet. */
  expected: Position
}

const nextBatch = (
  buffer: SubscriptionBuffer,
  progress: Progress,
  catchUp: CatchUp,
  batchSize: number,
): Batch | null => {
  const { events, marks, position } = buffer.take(batchSize)
  if (buffer.overflowed()) catchUp.live = false
  progress.failures = 0
  return batchOf({ events, marks, position }, catchUp.live && !buffer.ready(), progress)
}

/** Nothing of ours lies between the last of ours and the last event of all: the position moves past what is foreign. */
const atEdge = ({ last, lastOwn }: Edge, progress: Progress, catchUp: CatchUp): Batch | null => {
  if (lastOwn > progress.position) return null
  catchUp.live = true
  return batchOf({ events: [], marks: [], position: last }, true, progress)
}

/** Null where it would say nothing new. */
const batchOf = (taken: Omit<Batch, 'caughtUp'>, caughtUp: boolean, progress: Progress): Batch | null => {
  const moved = taken.position > progress.position
  if (!moved && caughtUp === progress.caughtUp) return null
  if (moved) progress.position = taken.position
  progress.caughtUp = caughtUp
  return { ...taken, position: progress.position, caughtUp }
}

const STALLED: GrpcError = { code: 14, details: 'the subscription brings nothing more' }
