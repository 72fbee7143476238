/** An append as it goes over the wire, written by hand. */
import { bytesOf, type ExpectedRevision, type NewEvent } from '../../event-store.ts'
import { KEY, STREAM_NAME, UUID_TEXT, VALUE } from './read-answer.ts'
import { numberField, putHead, putText, putVarint, textField, type Writer, writer, written } from './wire.ts'

/** A BatchAppendReq of streams.proto. */
export const appendRequest = (
  stream: string,
  expected: ExpectedRevision,
  events: readonly NewEvent[],
  correlationId: string,
): Buffer => {
  const request = writer(roomFor(stream, events))
  putVarint(request, 1)
  putVarint(request, IS_FINAL)
  for (let index = events.length - 1; index >= 0; index -= 1) putProposed(request, events[index] as NewEvent)
  // No deadline: the message knows only a time of day, which a server with another clock takes for past.
  const endOfOptions = request.at
  if (expected === 'no_stream') putHead(request, NO_STREAM, request.at)
  else {
    putVarint(request, expected)
    putVarint(request, STREAM_POSITION)
  }
  putIn(request, STREAM_IDENTIFIER, STREAM_NAME, stream)
  putHead(request, OPTIONS, endOfOptions)
  putIn(request, CORRELATION_ID, UUID_TEXT, correlationId)
  return written(request)
}

const [CORRELATION_ID, OPTIONS, PROPOSED_MESSAGES, IS_FINAL] = [
  textField(1),
  textField(2),
  textField(3),
  numberField(4),
]
const [STREAM_IDENTIFIER, STREAM_POSITION, NO_STREAM] = [textField(1), numberField(2), textField(3)]

const putProposed = (request: Writer, { event_id, type, data, metadata }: NewEvent): void => {
  const end = request.at
  putText(request, DATA, data)
  putText(request, CUSTOM_METADATA, metadata)
  putProperty(request, 'content-type', 'application/json')
  putProperty(request, 'type', type)
  putIn(request, ID, UUID_TEXT, event_id)
  putHead(request, PROPOSED_MESSAGES, end)
}

const [ID, PROPERTIES, CUSTOM_METADATA, DATA] = [textField(1), textField(2), textField(3), textField(4)]

const putProperty = (request: Writer, key: string, value: string): void => {
  const end = request.at
  putText(request, VALUE, value)
  putText(request, KEY, key)
  putHead(request, PROPERTIES, end)
}

/** A text that is all that a message in this one holds. */
const putIn = (request: Writer, tag: number, inner: number, text: string): void => {
  const end = request.at
  putText(request, inner, text)
  putHead(request, tag, end)
}

/** Ids, tags, lengths and names of properties take less than this in bytes; a character of a text three at most. */
const BESIDE_TEXTS = 200

const roomFor = (stream: string, events: readonly NewEvent[]): number => {
  let room = BESIDE_TEXTS + 3 * stream.length
  for (const event of events) room += BESIDE_TEXTS + 3 * (event.event_id.length + event.type.length) + bytesOf(event)
  return room
}
