/** What the server says of an append, read by hand where it is stored; failures are rare, and read by the generated classes. */
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { Position } from '../../event-store.ts'
import type { AppendAnswer, AppendReply } from './messages.ts'
import { readPosition, UUID_TEXT } from './read-answer.ts'
import { type Cursor, numberField, readEnd, readInner, readText, readVarint, skip, textField } from './wire.ts'

/** Throws where it is no such message. */
export const appendReplyOf = (bytes: Buffer): AppendReply => {
  const cursor: Cursor = { bytes, at: 0 }
  let correlationId = ''
  let answer: AppendAnswer | null = null
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor)
    if (tag === CORRELATION_ID) correlationId = readInner(cursor, UUID_TEXT, readText)
    else if (tag === SUCCESS) answer = readSuccess(cursor)
    else skip(cursor, tag)
  }
  if (correlationId !== '' && answer !== null) return { correlationId, answer }
  const response = streamsPb.BatchAppendResp.deserializeBinary(bytes)
  return { correlationId: textOf(response.getCorrelationId()), answer: answer ?? failureOf(response) }
}

const [CORRELATION_ID, SUCCESS] = [textField(1), textField(3)]

const readSuccess = (cursor: Cursor): AppendAnswer => {
  const end = readEnd(cursor)
  let revision = -1
  let position: Position | null = null
  while (cursor.at < end) {
    const tag = readVarint(cursor)
    if (tag === CURRENT_REVISION) revision = readVarint(cursor)
    else if (tag === POSITION) position = readPosition(cursor)
    else skip(cursor, tag)
  }
  return { _tag: 'Stored', revision, position }
}

const [CURRENT_REVISION, POSITION] = [numberField(1), textField(3)]

/** Streams.BatchAppend.cs, ConvertMessage: what went wrong, by the name of the message with the details. */
export const failureOf = (response: BatchAppendResp): AppendAnswer => {
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
export const textOf = (uuid: UUID | undefined): string => {
  const structured = uuid?.getStructured()
  if (structured === undefined) return uuid?.getString() ?? ''
  const hex = (bits: string) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0')
  const digits = hex(structured.getMostSignificantBits()) + hex(structured.getLeastSignificantBits())
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
