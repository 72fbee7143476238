/** What a subscription's call has brought and nobody has taken yet: never more than fits, or the call is paused. */
import { accessStreamOf, later, type Position, type StoredEvent, type StreamMark } from '../event-store.ts'
import type { Link, ReadCall } from './connection.ts'
import { type GrpcError, grpcErrorOf } from './grpc-error.ts'
import { ledgerEventOf, type ReadAnswer, sizeOf, storedEventOf } from './messages/messages.ts'
import { subscribeRequest } from './requests.ts'
import { hidesEvents, metadataStreamOf, TOMBSTONE } from './stream-metadata.ts'

export type SubscriptionBuffer = Readonly<{
  /** The next events, at most `limit`, and the marks up to `position`, which is as far as they, or the server's word, go. */
  take: (
    limit: number,
  ) => Readonly<{ events: readonly StoredEvent[]; marks: readonly StreamMark[]; position: Position }>
  /** Whether there is something to take. */
  ready: () => boolean
  /** Whether the call was paused since this was asked last: then more may be on its way. */
  overflowed: () => boolean
  /** Why the call brings no more; null while it does. */
  failure: () => GrpcError | null
  /** Resolves once something has come, the call has failed, or after `ms`. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** Ends the call. */
  close: () => void
}>

/** `events: false`: marks alone. `withBytes`: with the bytes of events, and with access events. */
type Wanted = Readonly<{ prefix: string; events: boolean; withBytes?: boolean }>

/** Subscribes after `from` to the streams whose names begin with `prefix`, and to their metadata. */
export const openSubscriptionBuffer = (
  link: Link,
  from: Position,
  { prefix, events, withBytes = false }: Wanted,
): SubscriptionBuffer => {
  const metadataPrefix = metadataStreamOf(prefix)
  const ownOf = withBytes ? ledgerEventOf : storedEventOf
  let call: ReadCall | null = null
  let queue: StoredEvent[] = []
  let marks: StreamMark[] = []
  let next = 0
  let size = 0
  let last = from
  let checkpoint = from
  let reported = from
  let paused = false
  let overflowed = false
  let failure: GrpcError | null = null
  let closed = false
  let wake: (() => void) | null = null

  const receive = (answer: ReadAnswer): void => {
    if (answer.checkpoint !== null) checkpoint = later(checkpoint, answer.checkpoint)
    const event = answer.event
    if (event !== null && event.position > last) {
      last = event.position
      const own = ownOf(answer, prefix)
      if (own !== null) {
        queue.push(own)
        size += sizeOf(own)
      }
      const mark = markOf(answer, own, metadataPrefix)
      if (mark !== null) marks.push(mark)
      checkpoint = later(checkpoint, mark?.position ?? checkpoint)
      if (queue.length - next + marks.length >= MAX_EVENTS || size >= MAX_SIZE) {
        paused = true
        overflowed = true
        call?.pause()
      }
    }
    wake?.()
  }
  const fail = (cause: unknown): void => {
    failure ??= grpcErrorOf(cause)
    wake?.()
  }
  const prefixes = [...(events ? [prefix] : []), ...(withBytes ? [accessStreamOf(prefix)] : []), metadataPrefix]
  link.read(subscribeRequest(from, prefixes), withBytes).then((opened) => {
    call = opened
    opened.on('error', fail)
    opened.on('end', () => fail(ENDED))
    if (closed) return opened.cancel()
    opened.on('data', receive)
  }, fail)

  const takeMarks = (position: Position): readonly StreamMark[] => {
    if (marks.length === 0) return NO_MARKS
    const taken = marks.filter((mark) => mark.position <= position)
    marks = marks.slice(taken.length)
    return taken
  }
  return {
    take: (limit) => {
      const taken: StoredEvent[] = []
      let takenSize = 0
      while (taken.length < limit && takenSize < MAX_BATCH_SIZE && next < queue.length) {
        const event = queue[next] as StoredEvent
        next += 1
        takenSize += sizeOf(event)
        taken.push(event)
      }
      size -= takenSize
      const drained = next === queue.length
      if (drained) {
        queue = []
        next = 0
      }
      const position = taken.at(-1)?.position ?? reported
      reported = drained ? later(position, checkpoint) : position
      const takenMarks = takeMarks(reported)
      if (paused && queue.length - next + marks.length < MAX_EVENTS / 2 && size < MAX_SIZE / 2) {
        // What was taken goes, or the queue would grow for as long as it is never empty.
        queue = queue.slice(next)
        next = 0
        paused = false
        call?.resume()
      }
      return { events: taken, marks: takenMarks, position: reported }
    },
    ready: () => next < queue.length || checkpoint > reported,
    overflowed: () => {
      const was = overflowed
      overflowed = paused
      return was
    },
    failure: () => failure,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const up = () => {
          wake = null
          clearTimeout(timer)
          signal.removeEventListener('abort', up)
          resolve()
        }
        const timer = setTimeout(up, ms)
        signal.addEventListener('abort', up)
        wake = up
        // Something may have come before anybody waited.
        if (signal.aborted) up()
      }),
    close: () => {
      closed = true
      call?.cancel()
    },
  }
}

const MAX_EVENTS = 4_096
// Texts together, in characters.
const MAX_SIZE = 8 * 1024 * 1024
const MAX_BATCH_SIZE = 4 * 1024 * 1024

const NO_MARKS: readonly StreamMark[] = []

const ENDED = Object.assign(new Error('the server ended the subscription'), {
  code: 14,
  details: 'the server ended the subscription',
})

/** What an event says of its stream: a tombstone of its own, metadata of the stream that they belong to. */
const markOf = (answer: ReadAnswer, own: StoredEvent | null, metadataPrefix: string): StreamMark | null => {
  if (own !== null)
    return own.type === TOMBSTONE ? { stream: own.stream, state: 'tombstoned', position: own.position } : null
  const metadata = storedEventOf(answer, metadataPrefix)
  if (metadata === null) return null
  const { stream, position, data } = metadata
  return { stream, state: hidesEvents(data) ? 'truncated' : 'readable', position }
}
