/** A catch-up subscription that outlives its calls: what is there, then what comes, whatever happens to the connection. */
import { sleep, unlessAborted } from '../../lib/abortable.ts'
import { backoff } from '../../lib/backoff.ts'
import type { Batch, Position, SubscribeOptions } from '../event-store.ts'
import type { Connection } from './connection.ts'
import { type Feed, openFeed } from './feed.ts'
import { detailOf, type GrpcError, mayPass } from './grpc-error.ts'
import type { Limits } from './limits.ts'
import { isConnectionAtFault } from './read-call.ts'
import type { Edge, Reader } from './reader.ts'

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
    const feed = openFeed(link, progress.position, prefix)
    try {
      const failure = yield* follow(source, feed, progress, { batchSize: options.batchSize ?? BATCH_SIZE, signal })
      if (failure === null) return
      if (!mayPass(failure)) throw new Error(detailOf(failure))
      if (isConnectionAtFault(failure)) connection.leave(link)
    } finally {
      feed.close()
    }
    await sleep(backoff(limits.backoff, progress.failures), signal)
    progress.failures += 1
  }
}

/** As far as the subscription has got, over all its calls. */
type Progress = { position: Position; caughtUp: boolean; failures: number }

type Following = Readonly<{ batchSize: number; signal: AbortSignal }>

/** Hands on what one call brings; answers why it brings no more, null where nobody wants more. */
async function* follow(
  source: Source,
  feed: Feed,
  progress: Progress,
  { batchSize, signal }: Following,
): AsyncGenerator<Batch, GrpcError | null, undefined> {
  const catchUp: CatchUp = { live: false, expected: progress.position }
  while (!signal.aborted) {
    const next = feed.ready()
      ? nextBatch(feed, progress, catchUp, batchSize)
      : await whenDrained(source, feed, progress, catchUp, signal)
    if (next === null) continue
    if ('code' in next) return next
    yield next
  }
  return null
}

/** Waits for what is to come, or finds that there is nothing; null where it is worth another look. */
const whenDrained = async (
  { reader, limits }: Source,
  feed: Feed,
  progress: Progress,
  catchUp: CatchUp,
  signal: AbortSignal,
): Promise<Batch | GrpcError | null> => {
  const failure = feed.failure()
  if (failure !== null) return failure
  const awaited = catchUp.live || progress.position < catchUp.expected
  if (awaited && (await moreCame(feed, limits.quietAfter, catchUp.live, signal))) return null
  // Silent for long, and something was to come: this call will not bring it.
  if (progress.position < catchUp.expected) return STALLED
  const edge = await unlessAborted(reader.edge(progress.position), signal)
  if (edge === null) return null
  if (edge._tag === 'Left') return edge.left
  // Also where more came meanwhile: up to there the end need not be looked up again.
  catchUp.expected = edge.right.lastOwn
  return feed.ready() ? null : atEdge(edge.right, progress, catchUp)
}

// In ms: while it catches up nobody waits for a single event.
const GATHERING = 5

/** False where nothing came for `within` ms. */
const moreCame = async (feed: Feed, within: number, live: boolean, signal: AbortSignal): Promise<boolean> => {
  await feed.wait(within, signal)
  // What came together is handed on together: a batch costs more than an event.
  await (live ? new Promise(setImmediate) : sleep(GATHERING, signal))
  return feed.ready() || feed.failure() !== null || signal.aborted
}

type CatchUp = {
  /** Whether all that the log held was handed on at some moment since, and what came later is pushed as it comes. */
  live: boolean
  /** The last of our events that was seen in the log, which the call may have to bring yet. */
  expected: Position
}

const nextBatch = (feed: Feed, progress: Progress, catchUp: CatchUp, batchSize: number): Batch | null => {
  const { events, position } = feed.take(batchSize)
  if (feed.overflowed()) catchUp.live = false
  progress.failures = 0
  return batchOf(events, position, catchUp.live && !feed.ready(), progress)
}

/** Nothing of ours lies between the last of ours and the last event of all: the position moves past what is foreign. */
const atEdge = ({ last, lastOwn }: Edge, progress: Progress, catchUp: CatchUp): Batch | null => {
  if (lastOwn > progress.position) return null
  catchUp.live = true
  return batchOf([], last, true, progress)
}

/** Null where it would say nothing new. */
const batchOf = (events: Batch['events'], position: Position, caughtUp: boolean, progress: Progress): Batch | null => {
  const moved = position > progress.position
  if (!moved && caughtUp === progress.caughtUp) return null
  if (moved) progress.position = position
  progress.caughtUp = caughtUp
  return { events, position: progress.position, caughtUp }
}

const STALLED: GrpcError = { code: 14, details: 'the subscription brings nothing more' }
