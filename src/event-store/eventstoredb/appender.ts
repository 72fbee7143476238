/** Appends as the port has them: sent over one call, tried again where nothing was sent, told from repeats. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { backoff } from '../../lib/backoff.ts'
import {
  type Appended,
  type AppendFailure,
  appendBytes,
  type ExpectedRevision,
  MAX_APPEND_BYTES,
  type NewEvent,
  type Position,
  type StoredEvent,
  unavailable,
} from '../event-store.ts'
import { type AppendCall, openAppendCall } from './append-call.ts'
import type { AppendAnswer } from './append-reply.ts'
import type { Connection } from './connection.ts'
import type { Echo } from './echo.ts'
import { detailOf, wasNeverSent } from './grpc-error.ts'
import type { Limits } from './limits.ts'
import { isConnectionAtFault } from './read-call.ts'
import type { Reader } from './reader.ts'
import { appendRequest } from './requests.ts'

export type Appender = Readonly<{
  append: (
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ) => Promise<Either<AppendFailure, Appended>>
  /** Answers what is under way, then lets go of the call. */
  drain: () => Promise<void>
}>

type Options = Readonly<{
  connection: Connection
  reader: Reader
  /** Opened at the first append: who only reads needs none. */
  openEcho: () => Echo
  prefix: string
  limits: Limits
  /** Where the log ended when the store was opened. */
  end: Position
}>

export const createAppender = ({ connection, reader, openEcho, prefix, limits, end }: Options): Appender => {
  let call: AppendCall | null = null
  let echo: Echo | null = null
  let underWay = 0
  let bytesUnderWay = 0
  let drained: (() => void) | null = null
  /** As far as the log was seen: what is stored by now lies no further back than what an append of now stores. */
  let seen = end

  const currentCall = (): AppendCall => {
    const link = connection.link()
    if (call !== null && call.link === link && call.usable()) return call
    call?.retire()
    call = openAppendCall(link, () => connection.leave(link))
    return call
  }

  /** Until it was sent or the time is up. */
  const send = async (
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ): Promise<AppendAnswer> => {
    const began = Date.now()
    for (let tries = 0; ; tries += 1) {
      const current = currentCall()
      const within = Math.max(0, limits.appendWithin - (tries === 0 ? 0 : Date.now() - began))
      const answer = await current.send((id) => appendRequest(prefix + stream, expected, events, id), within)
      if (answer._tag !== 'Failed') return answer
      if (isConnectionAtFault(answer.error)) connection.leave(current.link)
      if (!wasNeverSent(answer.error)) return answer
      const wait = backoff(limits.backoff, tries)
      if (Date.now() + wait - began >= limits.retryWithin) return answer
      await sleep(wait)
    }
  }

  /** The events that stand where these were to be, if they are these; null where others do. */
  const standing = async (
    stream: string,
    from: number,
    events: readonly NewEvent[],
  ): Promise<Either<AppendFailure, readonly StoredEvent[] | null>> => {
    const stored: StoredEvent[] = []
    while (stored.length < events.length) {
      const options = {
        from: from + stored.length,
        direction: 'forward',
        limit: events.length - stored.length,
      } as const
      const page = await reader.readStream(stream, options)
      // It is stored; what is not to be had is the rest of its answer.
      if (page._tag === 'Left')
        return page.left._tag === 'StreamDeleted' ? page : left({ ...page.left, outcome: 'unknown' })
      if (page.right.events.length === 0) return right(null)
      stored.push(...page.right.events)
    }
    const same = stored.every(
      ({ event_id, revision }, index) => event_id === events[index]?.event_id && revision === from + index,
    )
    return right(same ? stored : null)
  }

  /** Whether what stands there is what was sent, as far as the echo knows. */
  const heardOf = async (
    stream: string,
    first: number,
    events: readonly NewEvent[],
    position: Position,
  ): Promise<'new' | 'repeated' | null> => {
    if (echo === null || !(await echo.hears(position))) return null
    for (const [index, event] of events.entries()) {
      const stored = echo.find(stream, first + index)
      if (stored === undefined) return null
      if (!isSame(stored, event)) return 'repeated'
    }
    return 'new'
  }

  const onStored = async (
    stream: string,
    first: number,
    events: readonly NewEvent[],
    { revision, position }: Extract<AppendAnswer, { _tag: 'Stored' }>,
    before: Position,
  ): Promise<Either<AppendFailure, Appended>> => {
    // A deleted stream takes events from no stream on, and goes on after what was deleted (IndexWriter.cs, CheckCommit).
    if (revision !== first + events.length - 1) return left({ _tag: 'StreamDeleted', tombstoned: false })
    if (position !== null && position > seen) seen = position
    if (position !== null && position <= before) return right({ revision, position, repeated: true })
    const told = position === null ? null : await heardOf(stream, first, events, position)
    if (told !== null && position !== null) return right({ revision, position, repeated: told === 'repeated' })
    const found = await standing(stream, first, events)
    if (found._tag === 'Left') return found
    const last = found.right?.at(-1)
    if (last === undefined || found.right === null) return left({ _tag: 'StreamDeleted', tombstoned: false })
    const repeated = position === null || !found.right.every((stored, index) => isSame(stored, events[index]))
    return right({ revision, position: last.position, repeated })
  }

  const onWrongRevision = async (
    stream: string,
    first: number,
    events: readonly NewEvent[],
    actual: number,
  ): Promise<Either<AppendFailure, Appended>> => {
    const wrong = left({ _tag: 'WrongExpectedRevision', actual } as const)
    if (actual < first + events.length - 1) return wrong
    const found = await standing(stream, first, events)
    if (found._tag === 'Left') return found.left._tag === 'StreamDeleted' ? found : wrong
    const last = found.right?.at(-1)
    return last === undefined ? wrong : right({ revision: last.revision, position: last.position, repeated: true })
  }

  /** An append whose like is not replicated yet is dropped without a word (StorageWriterService.cs, IdempotentNotReady). */
  const onTimedOut = async (
    stream: string,
    first: number,
    events: readonly NewEvent[],
  ): Promise<Either<AppendFailure, Appended>> => {
    const found = await standing(stream, first, events)
    const last = found._tag === 'Right' ? found.right?.at(-1) : undefined
    if (last === undefined) return left(unavailable('EventStoreDB gave up on the append', 'unknown'))
    return right({ revision: last.revision, position: last.position, repeated: true })
  }

  const appendNow: Appender['append'] = async (stream, expected, events) => {
    const first = expected === 'no_stream' ? 0 : expected + 1
    const heard = echo?.position() ?? end
    const before = heard > seen ? heard : seen
    const answer = await send(stream, expected, events)
    switch (answer._tag) {
      case 'Stored':
        return onStored(stream, first, events, answer, before)
      case 'WrongExpectedRevision':
        return onWrongRevision(stream, first, events, answer.actual)
      case 'StreamDeleted':
        return left({ _tag: 'StreamDeleted', tombstoned: true })
      case 'TimedOut':
        return onTimedOut(stream, first, events)
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
      echo ??= openEcho()
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

// What waits for its answer is held in memory.
const MAX_BYTES_UNDER_WAY = 64 * 1024 * 1024

const isSame = (stored: StoredEvent, event: NewEvent | undefined): boolean =>
  stored.type === event?.type && stored.data === event.data && stored.metadata === event.metadata
