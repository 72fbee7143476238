/** Appends over one call, any number at a time, each settled by its own answer, by its time limit, or by the call's end. */
import { randomUUID } from 'node:crypto'
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import { type Position, positionText } from '../event-store.ts'
import type { BatchAppendCall, Link } from './connection.ts'
import { type GrpcError, grpcErrorOf, timedOut } from './grpc-error.ts'

export type AppendAnswer =
  /** `revision` and `position` of the last event; the server leaves the position out where it cannot read the event. */
  | Readonly<{ _tag: 'Stored'; revision: number; position: Position | null }>
  | Readonly<{ _tag: 'WrongExpectedRevision'; actual: number }>
  | Readonly<{ _tag: 'StreamDeleted' }>
  | Readonly<{ _tag: 'TooLarge' }>
  /** The server gave up on it: it may be stored, or the same append of another was on its way just then. */
  | Readonly<{ _tag: 'TimedOut' }>
  /** The server says that it did not take it; `detail` says why. */
  | Readonly<{ _tag: 'Refused'; detail: string }>
  /** The server, or the call, did not say what became of it. */
  | Readonly<{ _tag: 'Failed'; error: GrpcError }>

export type AppendCall = Readonly<{
  link: Link
  /** Sends what `requestOf` makes of a correlation id, and answers within `within` ms. */
  send: (requestOf: (correlationId: string) => BatchAppendReq, within: number) => Promise<AppendAnswer>
  /** False once the call has ended: nothing more can be sent. */
  usable: () => boolean
  /** Takes no more, and ends once all is answered. */
  retire: () => void
}>

/** `onTimeOut` is told when the server kept silent about an append. */
export const openAppendCall = (link: Link, onTimeOut: () => void): AppendCall => {
  const pending = new Map<string, (answer: AppendAnswer) => void>()
  const ids = correlationIds()
  let call: BatchAppendCall | null = null
  let waiting: BatchAppendReq[] = []
  let ended = false
  let retired = false

  const settle = (id: string, answer: AppendAnswer): void => {
    pending.get(id)?.(answer)
    if (retired && pending.size === 0) call?.cancel()
  }
  const end = (cause: unknown): void => {
    ended = true
    const error = grpcErrorOf(cause)
    for (const answer of [...pending.values()]) answer({ _tag: 'Failed', error })
  }
  link.batchAppend().then((opened) => {
    call = opened
    opened.on('data', (response) => settle(textOf(response.getCorrelationId()), answerOf(response)))
    opened.on('error', end)
    opened.on('end', () => end(ENDED))
    for (const request of waiting) opened.write(request)
    waiting = []
    if (retired && pending.size === 0) opened.cancel()
  }, end)

  return {
    link,
    send: (requestOf, within) =>
      new Promise((resolve) => {
        const id = ids()
        const timer = setTimeout(() => {
          settle(id, { _tag: 'Failed', error: timedOut(within) })
          onTimeOut()
        }, within)
        pending.set(id, (answer) => {
          clearTimeout(timer)
          pending.delete(id)
          resolve(answer)
        })
        const request = requestOf(id)
        if (call === null) waiting.push(request)
        else call.write(request)
      }),
    usable: () => !ended && !retired,
    retire: () => {
      retired = true
      if (pending.size === 0) call?.cancel()
    },
  }
}

const ENDED = Object.assign(new Error('the server ended the call'), { code: 14, details: 'the server ended the call' })

/** UUIDs that no other call uses: a random beginning, counted on. */
const correlationIds = (): (() => string) => {
  const beginning = randomUUID().slice(0, 24)
  let last = 0
  return () => {
    last += 1
    return beginning + last.toString(16).padStart(12, '0')
  }
}

/** Streams.BatchAppend.cs, ConvertMessage: what it answers, by the name of the message that tells more. */
const answerOf = (response: BatchAppendResp): AppendAnswer => {
  const success = response.getSuccess()
  if (success !== undefined) {
    const position = success.getPosition()
    return {
      _tag: 'Stored',
      revision: success.hasCurrentRevision() ? Number(success.getCurrentRevision()) : -1,
      position: position === undefined ? null : positionText(position.getCommitPosition()),
    }
  }
  const status = response.getError()
  const details = status?.getDetails()
  const name = details?.getTypeName() ?? ''
  const message = status?.getMessage() || name
  switch (name.slice(name.lastIndexOf('.') + 1)) {
    case 'WrongExpectedVersion': {
      const wrong = details?.unpack(sharedPb.WrongExpectedVersion.deserializeBinary, name)
      return {
        _tag: 'WrongExpectedRevision',
        actual: wrong?.hasCurrentStreamRevision() === true ? Number(wrong.getCurrentStreamRevision()) : -1,
      }
    }
    case 'StreamDeleted':
      return { _tag: 'StreamDeleted' }
    case 'MaximumAppendSizeExceeded':
    case 'MaximumAppendEventSizeExceeded':
      return { _tag: 'TooLarge' }
    case 'AccessDenied':
      return {
        _tag: 'Refused',
        detail: 'EventStoreDB denies the append: the user of --event-store may not write to it',
      }
    case 'Timeout':
      return { _tag: 'TimedOut' }
    // NotHandled and BadRequest come before anything is written; both have an empty message in the details.
    case 'Empty':
    case 'BadRequest':
      return { _tag: 'Refused', detail: `EventStoreDB: ${message}` }
    default:
      return { _tag: 'Failed', error: { code: 2, details: message } }
  }
}

/** A server may answer an id in its other form (Streams.BatchAppend.cs, FromOptions). */
const textOf = (uuid: UUID | undefined): string => {
  const structured = uuid?.getStructured()
  if (structured === undefined) return uuid?.getString() ?? ''
  const hex = (bits: string) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0')
  const digits = hex(structured.getMostSignificantBits()) + hex(structured.getLeastSignificantBits())
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
