/** What a subscription's call has brought and nobody has taken yet: never more than fits, or the call is paused. */
import { later, type Position, type StoredEvent } from '../event-store.ts'
import type { Link, ReadCall } from './connection.ts'
import { type GrpcError, grpcErrorOf } from './grpc-error.ts'
import { type ReadAnswer, sizeOf, storedEventOf } from './recorded-event.ts'
import { subscribeRequest } from './requests.ts'

export type Feed = Readonly<{
  /** The next events, at most `limit`; `position` is as far as they, or the server's word, go. */
  take: (limit: number) => Readonly<{ events: readonly StoredEvent[]; position: Position }>
  /** Whether there is something to take. */
  ready: () => boolean
  /** Whether it was paused since this was asked last: then more may be on its way. */
  overflowed: () => boolean
  /** Why it brings no more; null while it does. */
  failure: () => GrpcError | null
  /** Resolves once something has come, it has failed, or after `ms`. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** Ends the call. */
  close: () => void
}>

/** Subscribes after `from` to the streams whose names begin with `prefix`. */
export const openFeed = (link: Link, from: Position, prefix: string): Feed => {
  let call: ReadCall | null = null
  let queue: StoredEvent[] = []
  let next = 0
  let size = 0
  let last = from
  let checkpoint = from
  let told = from
  let paused = false
  let overflowed = false
  let failure: GrpcError | null = null
  let closed = false
  let wake: (() => void) | null = null

  const receive = (answer: ReadAnswer): void => {
    if (answer.checkpoint !== null) checkpoint = later(checkpoint, answer.checkpoint)
    const event = storedEventOf(answer, prefix)
    if (event !== null && event.position > last) {
      last = event.position
      queue.push(event)
      size += sizeOf(event)
      if (queue.length - next >= MAX_EVENTS || size >= MAX_SIZE) {
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
  link.read(subscribeRequest(from, prefix)).then((opened) => {
    call = opened
    opened.on('error', fail)
    opened.on('end', () => fail(ENDED))
    if (closed) return opened.cancel()
    opened.on('data', receive)
  }, fail)

  return {
    take: (limit) => {
      const events: StoredEvent[] = []
      let taken = 0
      while (events.length < limit && taken < MAX_BATCH_SIZE && next < queue.length) {
        const event = queue[next] as StoredEvent
        next += 1
        taken += sizeOf(event)
        events.push(event)
      }
      size -= taken
      const drained = next === queue.length
      if (drained) {
        queue = []
        next = 0
      }
      if (paused && queue.length - next < MAX_EVENTS / 2 && size < MAX_SIZE / 2) {
        // What was taken goes, or the queue would grow for as long as it is never empty.
        queue = queue.slice(next)
        next = 0
        paused = false
        call?.resume()
      }
      const position = events.at(-1)?.position ?? told
      told = drained ? later(position, checkpoint) : position
      return { events, position: told }
    },
    ready: () => next < queue.length || checkpoint > told,
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

const ENDED = Object.assign(new Error('the server ended the subscription'), {
  code: 14,
  details: 'the server ended the subscription',
})
