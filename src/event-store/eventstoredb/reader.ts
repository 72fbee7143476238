/** Reads of the log: a stream's page, the edge of the log, what lies after a position. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import {
  accessStreamOf,
  type Backlog,
  type Position,
  type ReadFailure,
  type ReadOptions,
  START,
  type StoredEvent,
  type StoreUnavailable,
  type StreamPage,
  unavailable,
} from '../event-store.ts'
import { detailOf, exceptionOf, type GrpcError } from './grpc-error.ts'
import { ledgerEventOf, sizeOf, storedEventOf } from './messages/messages.ts'
import type { Read } from './read-call.ts'
import { readAllRequest, readStreamRequest } from './requests.ts'
import { hidesEvents, metadataStreamOf } from './stream-metadata.ts'

/** Where the log ends: the last event of all, and the last of ours. Nothing of ours lies between the two. */
export type Edge = Readonly<{ last: Position; lastOwn: Position }>

export type Reader = Readonly<{
  readStream: (stream: string, options: ReadOptions) => Promise<Either<ReadFailure, StreamPage>>
  /** Whether the stream's metadata hide events of it, now or as time passes. */
  isHidden: (stream: string) => Promise<Either<ReadFailure, boolean>>
  head: () => Promise<Either<StoreUnavailable, Position>>
  /** The last event of all; of ours only where it lies after `after`, else `after`. `withAccess` counts access events as ours. */
  edge: (after: Position, withAccess?: boolean) => Promise<Either<GrpcError, Edge>>
  backlog: (after: Position) => Promise<Either<StoreUnavailable, Backlog>>
}>

/** Which events of the log are ours: streams by what their names begin with, and whether an answer holds one. */
type Own = Readonly<{ prefixes: readonly string[]; eventOf: typeof storedEventOf }>

export const createReader = (read: Read, prefix: string): Reader => {
  const ofRuns: Own = { prefixes: [prefix], eventOf: storedEventOf }
  const ofLedger: Own = { prefixes: [prefix, accessStreamOf(prefix)], eventOf: ledgerEventOf }
  const readPage = async (stream: string, options: ReadOptions): Promise<Either<ReadFailure, StreamPage>> => {
    let events: StoredEvent[] = []
    let found = true
    let ended = true
    // One more than asked for shows whether there are more. From the end on forward the server reads nothing.
    const last = options.from === 'end' && options.direction === 'forward'
    const sent = last ? LAST_EVENT : { ...options, limit: options.limit + 1 }
    const request = readStreamRequest(prefix + stream, sent)
    const answered = await read(
      request,
      () => {
        let size = 0
        events = []
        found = true
        ended = true
        return (answer) => {
          if (answer.streamNotFound) found = false
          const event = storedEventOf(answer, prefix)
          if (event === null) return true
          ended = events.length < options.limit && size < MAX_PAGE_SIZE
          // The last that was asked for ends the call by itself.
          if (!ended) return events.length === options.limit
          size += sizeOf(event)
          events.push(event)
          return true
        }
      },
      options.withBytes,
    )
    if (answered._tag === 'Left') return left(readFailure(answered.left))
    if (events.length > 0) return right({ events, endOfStream: ended })
    // A stream is there, and what it began with is not.
    if (found && (options.from === 0 || options.from === 'end')) return left(TRUNCATED)
    return right(NOTHING)
  }

  const isHidden = async (stream: string): Promise<Either<ReadFailure, boolean>> => {
    let metadata = ''
    const request = readStreamRequest(metadataStreamOf(prefix + stream), LAST_EVENT)
    const answered = await read(request, () => {
      metadata = ''
      return (answer) => {
        metadata = storedEventOf(answer, '')?.data ?? metadata
        return true
      }
    })
    return answered._tag === 'Left' ? left(readFailure(answered.left)) : right(hidesEvents(metadata))
  }

  /** The metadata are read beside the beginning, and where nothing is found: a stream that was deleted looks like none (IndexReader.cs). */
  const readStream = async (stream: string, options: ReadOptions): Promise<Either<ReadFailure, StreamPage>> => {
    const reading = readPage(stream, options)
    const hidden = options.from === 0 && options.direction === 'forward' ? isHidden(stream) : null
    const page = await reading
    if (page._tag === 'Left' || (hidden === null && page.right.events.length > 0)) return page
    const answered = await (hidden ?? isHidden(stream))
    if (answered._tag === 'Left') return answered
    return answered.right ? left(TRUNCATED) : page
  }

  const lastOf = async (own: Own | null, limit = 1): Promise<Either<GrpcError, Position>> => {
    let last = START
    let foreign = false
    const request = readAllRequest({ from: 'end', direction: 'backward', limit, prefixes: own?.prefixes ?? null })
    const eventOf = own?.eventOf ?? storedEventOf
    const answered = await read(request, () => {
      last = START
      return (answer) => {
        if (answer.event === null) return true
        last = eventOf(answer, own === null ? '' : prefix)?.position ?? START
        foreign ||= last === START
        // One that was asked for alone ends the call by itself.
        return limit === 1 || last === START
      }
    })
    if (answered._tag === 'Left') return answered
    // A server that does not filter such a read is read back until there is one of ours.
    return foreign && limit === 1 ? lastOf(own, ALL) : right(last)
  }

  return {
    readStream,
    isHidden,
    head: async () => failing(await lastOf(ofRuns)),
    edge: async (after, withAccess = false) => {
      // In this order: what is ours and was there when the end was looked up is seen by the second look.
      const last = await lastOf(null)
      if (last._tag === 'Left') return last
      if (last.right <= after) return right({ last: last.right, lastOwn: after })
      const lastOwn = await lastOf(withAccess ? ofLedger : ofRuns)
      return lastOwn._tag === 'Left' ? lastOwn : right({ last: last.right, lastOwn: lastOwn.right })
    },
    backlog: async (after) => {
      const head = await lastOf(ofRuns)
      if (head._tag === 'Left') return failing(head)
      if (head.right <= after) return right({ events: 0, oldest_recorded_at: null })
      let counted: Counted = NONE
      const request = readAllRequest({ from: after, direction: 'forward', limit: MAX_COUNTED + 1, prefixes: [prefix] })
      const answered = await read(request, () => {
        counted = NONE
        return (answer) => {
          const event = storedEventOf(answer, prefix)
          if (event !== null && event.position > after) counted = counting(counted, event)
          return counted.events < MAX_COUNTED && counted.last < head.right
        }
      })
      return answered._tag === 'Left' ? failing(answered) : right(backlogOf(counted, after, head.right))
    },
  }
}

const LAST_EVENT = { from: 'end', direction: 'backward', limit: 1 } as const
const TRUNCATED: ReadFailure = { _tag: 'StreamDeleted', tombstoned: false }
const NOTHING: StreamPage = { events: [], endOfStream: true }

// A page's texts together, in characters: big events must not fill the memory.
const MAX_PAGE_SIZE = 4 * 1024 * 1024

const ALL = Number.MAX_SAFE_INTEGER

// More are not counted one by one, which would read them all.
const MAX_COUNTED = 2_000

type Counted = Readonly<{ events: number; oldest: string | null; last: Position }>

const NONE: Counted = { events: 0, oldest: null, last: START }

const counting = ({ events, oldest }: Counted, { recorded_at, position }: StoredEvent): Counted => ({
  events: events + 1,
  oldest: oldest ?? recorded_at,
  last: position,
})

/** Beyond what was counted, as many again as lie in as much of the log. */
const backlogOf = ({ events, oldest, last }: Counted, after: Position, head: Position): Backlog => {
  const share = last >= head ? 1 : Number(BigInt(head) - BigInt(after)) / Number(BigInt(last) - BigInt(after) || 1n)
  return { events: Math.max(events, Math.round(events * share)), oldest_recorded_at: oldest }
}

const failing = <A>(answer: Either<GrpcError, A>): Either<StoreUnavailable, A> =>
  answer._tag === 'Left' ? left(unavailable(detailOf(answer.left))) : answer

const readFailure = (error: GrpcError): ReadFailure =>
  exceptionOf(error) === 'stream-deleted' ? { _tag: 'StreamDeleted', tombstoned: true } : unavailable(detailOf(error))
