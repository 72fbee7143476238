/** The answers of reads and subscriptions, read by hand. */
import { type Position, positionText, START, type StoredBytes, type StoredEvent } from '../../event-store.ts'
import type { ReadAnswer } from './messages.ts'
import {
  type Cursor,
  numberField,
  peekBytes,
  peekNumber,
  readDigits,
  readEnd,
  readInner,
  readText,
  readVarint,
  skip,
  textField,
} from './wire.ts'

/** Throws where it is no such message. */
export const readAnswerOf = (bytes: Buffer): ReadAnswer => answerOf(bytes, false)

/** Its event has `bytes`. Throws where it is no such message. */
export const readAnswerWithBytesOf = (bytes: Buffer): ReadAnswer => answerOf(bytes, true)

const answerOf = (bytes: Buffer, withBytes: boolean): ReadAnswer => {
  const answer: ReadAnswer = { event: null, checkpoint: null, streamNotFound: false }
  const cursor: Cursor = { bytes, at: 0 }
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor)
    if (tag === EVENT) answer.event = readEvent(cursor, withBytes)
    else if (tag === CHECKPOINT) answer.checkpoint = readPosition(cursor)
    else {
      if (tag === STREAM_NOT_FOUND) answer.streamNotFound = true
      skip(cursor, tag)
    }
  }
  return answer
}

const [EVENT, CHECKPOINT, STREAM_NOT_FOUND] = [textField(1), textField(3), textField(4)]

const readEvent = (cursor: Cursor, withBytes: boolean): StoredEvent | null => {
  const end = readEnd(cursor)
  let event: StoredEvent | null = null
  let link: StoredEvent | null = null
  while (cursor.at < end) {
    const tag = readVarint(cursor)
    if (tag === RESOLVED) event = readRecorded(cursor, withBytes)
    else if (tag === LINK) link = readRecorded(cursor, withBytes)
    else skip(cursor, tag)
  }
  return link ?? event
}

const [RESOLVED, LINK] = [textField(1), textField(2)]

const readRecorded = (cursor: Cursor, withBytes: boolean): StoredEvent => {
  const end = readEnd(cursor)
  let event_id = ''
  let stream = ''
  let revision = 0
  let position = START
  let data = ''
  let metadata = ''
  const properties: Properties = { type: '', created: '0' }
  const bytes: Mutable<StoredBytes> | null = withBytes ? { ...NO_BYTES } : null
  while (cursor.at < end) {
    const tag = readVarint(cursor)
    switch (tag) {
      case ID:
        event_id = readInner(cursor, UUID_TEXT, readText)
        break
      case STREAM:
        stream = readInner(cursor, STREAM_NAME, readText)
        break
      case REVISION:
        if (bytes !== null) bytes.revision = peekNumber(cursor)
        // A tombstone's is 2^63 - 1 (EventNumber.cs, DeletedStream), which no number holds: it becomes the greatest that one does.
        revision = Math.min(readVarint(cursor), Number.MAX_SAFE_INTEGER)
        break
      case COMMIT_POSITION:
        position = positionText(readDigits(cursor))
        break
      case PROPERTIES:
        readProperty(cursor, properties)
        break
      case CUSTOM_METADATA:
        if (bytes !== null) bytes.metadata = peekBytes(cursor)
        metadata = readText(cursor)
        break
      case DATA:
        if (bytes !== null) bytes.data = peekBytes(cursor)
        data = readText(cursor)
        break
      default:
        skip(cursor, tag)
    }
  }
  const { type, created } = properties
  const event = { event_id, type, data, metadata, stream, revision, position, recorded_at: timeOf(created) }
  return bytes === null ? event : { ...event, bytes }
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] }

const NO_BYTES: StoredBytes = { data: new Uint8Array(0), metadata: new Uint8Array(0), revision: 0n }

const [ID, STREAM, REVISION, COMMIT_POSITION] = [textField(1), textField(2), numberField(3), numberField(5)]
const [PROPERTIES, CUSTOM_METADATA, DATA] = [textField(6), textField(7), textField(8)]

/** Of shared.proto, UUID and StreamIdentifier. */
export const UUID_TEXT = textField(2)
export const STREAM_NAME = textField(3)

type Properties = { type: string; created: string }

/** An entry of the map of system metadata of an event (Constants.cs, Metadata). */
const readProperty = (cursor: Cursor, properties: Properties): void => {
  const end = readEnd(cursor)
  let key = ''
  let value = ''
  while (cursor.at < end) {
    const tag = readVarint(cursor)
    if (tag === KEY) key = readText(cursor)
    else if (tag === VALUE) value = readText(cursor)
    else skip(cursor, tag)
  }
  if (key === 'type') properties.type = value
  else if (key === 'created') properties.created = value
}

export const [KEY, VALUE] = [textField(1), textField(2)]

/** The commit position of a message that has one as its first field (AllStreamPosition, ReadResp.Checkpoint). */
export const readPosition = (cursor: Cursor): Position => positionText(readInner(cursor, COMMIT, readDigits))

const COMMIT = numberField(1)

/** `created` counts ticks of 100 ns since 1970 (Streams.Read.cs, ToTicksSinceEpoch); cut to ms, as every time here. */
export const timeOf = (ticks: string): string => {
  const digits = ticks.slice(0, -4)
  if (digits === lastTime.digits) return lastTime.text
  const text = new Date(Number(digits)).toISOString()
  lastTime = { digits, text }
  return text
}

// Events that follow each other are often of one millisecond.
let lastTime = { digits: '', text: '1970-01-01T00:00:00.000Z' }
