/** Appends as the port defines them: sent over one call, and sent again only where nothing left this process. */

import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { sleep } from '../../lib/abortable.ts'
import { backoff } from '../../lib/backoff.ts'
import {
  type Appended,
  type AppendFailure,
  appendBytes,
  type ExpectedRevision,
  MAX_APPEND_BYTES,
  type NewEvent,
  unavailable,
} from '../event-store.ts'
import { type AppendCall, openAppendCall } from './append-call.ts'
import type { Connection } from './connection.ts'
import { detailOf, wasNeverSent } from './grpc-error.ts'
import type { HiddenStreams } from './hidden-streams.ts'
import type { Limits } from './limits.ts'
import { fast } from './messages/fast.ts'
import type { AppendAnswer } from './messages/messages.ts'
import { isConnectionAtFault } from './read-call.ts'
import type { Reader } from './reader.ts'

export type Appender = Readonly<{
  /** `stream` without the store's prefix. Returns within `limits.appendWithin` plus one read. */
  append: (
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ) => Promise<Either<AppendFailure, Appended>>
  /** Waits for the appends under way, then ends the call. */
  drain: () => Promise<void>
}>

type Options = Readonly<{
  connection: Connection
  reader: Reader
  hidden: HiddenStreams
  prefix: string
  limits: Limits
}>

export const createAppender = ({ connection, reader, hidden, prefix, limits }: Options): Appender => {
  let call: AppendCall | null = null
  let underWay = 0
  let bytesUnderWay = 0
  let drained: (() => void) | null = null

  const currentCall = (): AppendCall => {
    const link = connection.link()
    if (call !== null && call.link === link && call.usable()) return call
    call?.retire()
    call = openAppendCall(link, () => connection.leave(link))
    return call
  }

  const send = async (
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<AppendAnswer> => {
    const began = Date.now()
    for (let tries = 0; ; tries += 1) {
      const current = currentCall()
      const within = Math.max(0, limits.appendWithin - (tries === 0 ? 0 : Date.now() - began))
      const answer = await current.send((id) => fast.appendRequest(prefix + stream, expected, events, id), within)
      if (answer._tag !== 'Failed') return answer
      if (isConnectionAtFault(answer.error)) connection.leave(current.link)
      if (!wasNeverSent(answer.error)) return answer
      const wait = backoff(limits.backoff, tries)
      if (Date.now() + wait - began >= limits.retryWithin) return answer
      await sleep(wait)
    }
  }

  /** The server omits the position of an event that it stored earlier and does not show any more. */
  const readPosition = async (stream: string, revision: number): Promise<Either<AppendFailure, Appended>> => {
    const page = await reader.readStream(stream, { from: revision, direction: 'forward', limit: 1 })
    if (page._tag === 'Left' && page.left._tag === 'StreamDeleted') return page
    const stored = page._tag === 'Right' ? page.right.events[0] : undefined
    // It is stored, and the caller settles it by reading the stream.
    return stored?.revision === revision
      ? right({ revision, position: stored.position })
      : left(unavailable('the position of the event cannot be read', 'unknown'))
  }

  /** A server would store events of a new stream behind those of a deleted one, where nobody can read them. */
  const refusalOfNew = async (stream: string): Promise<AppendFailure | null> => {
    const answered = await reader.isHidden(stream)
    if (answered._tag === 'Left') return answered.left
    return answered.right ? TRUNCATED : null
  }

  const appendNow: Appender['append'] = async (stream, expected, events) => {
    if (hidden.has(stream)) return left(TRUNCATED)
    const refusal = expected === 'no_stream' ? await refusalOfNew(stream) : null
    if (refusal !== null) return left(refusal)
    const answer = await send(stream, expected, events)
    switch (answer._tag) {
      case 'Stored': {
        const { revision, position } = answer
        const first = expected === 'no_stream' ? 0 : expected + 1
        // An append to a deleted stream that expects none is stored behind what was deleted (IndexWriter.cs, CheckCommit).
        if (revision !== first + events.length - 1) return left(TRUNCATED)
        return position === null ? readPosition(stream, revision) : right({ revision, position })
      }
      case 'WrongExpectedRevision':
        return left(answer)
      case 'StreamDeleted':
        return left({ _tag: 'StreamDeleted', tombstoned: true })
      case 'TimedOut':
        return left(unavailable('EventStoreDB gave up on the append', 'unknown'))
      case 'TooLarge':
        return left({ _tag: 'EventTooLarge', bytes: appendBytes(events) })
      case 'Refused':
        return left(unavailable(answer.detail))
      case 'Failed':
        return left(unavailable(detailOf(answer.error), wasNeverSent(answer.error) ? 'not_stored' : 'unknown'))
      default:
        return answer satisfies never
    }
  }

  return {
    append: async (stream, expected, events) => {
      const bytes = appendBytes(events)
      if (bytes > MAX_APPEND_BYTES) return left({ _tag: 'EventTooLarge', bytes })
      if (bytesUnderWay + bytes > MAX_BYTES_UNDER_WAY) return left(unavailable('too many appends are under way'))
      underWay += 1
      bytesUnderWay += bytes
      const answer = await appendNow(stream, expected, events)
      underWay -= 1
      bytesUnderWay -= bytes
      if (underWay === 0) drained?.()
      return answer
    },
    drain: async () => {
      if (underWay > 0)
        await new Promise<void>((resolve) => {
          drained = resolve
        })
      call?.retire()
    },
  }
}

const TRUNCATED: AppendFailure = { _tag: 'StreamDeleted', tombstoned: false }

// An append is held in memory until it is answered.
const MAX_BYTES_UNDER_WAY = 64 * 1024 * 1024
