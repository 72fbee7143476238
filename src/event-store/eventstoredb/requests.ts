/** What is asked of EventStoreDB, as its own messages (streams.proto). */
import type { StreamIdentifier } from '@eventstore/db-client/generated/shared_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import {
  bytesOf,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type ReadOptions,
  START,
} from '../event-store.ts'
import { KEY, STREAM_NAME, UUID_TEXT, VALUE } from './recorded-event.ts'
import { numberField, putHead, putText, putVarint, textField, type Writer, writer, written } from './wire.ts'

const FORWARDS = 0
const BACKWARDS = 1
const EMPTY = new sharedPb.Empty()

/** A page of a stream, by its full name. */
export const readStreamRequest = (stream: string, { from, direction, limit }: ReadOptions): ReadReq => {
  const options = new streamsPb.ReadReq.Options.StreamOptions()
  options.setStreamIdentifier(identifierOf(stream))
  if (from === 'end') options.setEnd(EMPTY)
  else options.setRevision(String(from))
  return requestOf((request) => {
    request.setStream(options)
    request.setReadDirection(direction === 'forward' ? FORWARDS : BACKWARDS)
    request.setCount(String(limit))
    request.setNoFilter(EMPTY)
  })
}

/** Events of `$all` from a position on, inclusive; `prefix`: of streams whose names begin so. */
export const readAllRequest = (
  options: Readonly<{
    from: Position | 'end'
    direction: ReadOptions['direction']
    limit: number
    prefix: string | null
  }>,
): ReadReq =>
  requestOf((request) => {
    request.setAll(placeOf(options.from))
    request.setReadDirection(options.direction === 'forward' ? FORWARDS : BACKWARDS)
    request.setCount(String(options.limit))
    if (options.prefix === null) request.setNoFilter(EMPTY)
    else request.setFilter(filterOf([options.prefix]))
  })

/** Events of `$all` after a position, for ever, of streams whose names begin with one of `prefixes`. */
export const subscribeRequest = (from: Position, prefixes: readonly string[]): ReadReq =>
  requestOf((request) => {
    request.setAll(placeOf(from))
    request.setSubscription(new streamsPb.ReadReq.Options.SubscriptionOptions())
    request.setFilter(filterOf(prefixes))
  })

/** As it goes over the wire (streams.proto, BatchAppendReq). */
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

const requestOf = (fill: (options: ReadReq.Options) => void): ReadReq => {
  const uuids = new streamsPb.ReadReq.Options.UUIDOption()
  uuids.setString(EMPTY)
  const options = new streamsPb.ReadReq.Options()
  options.setUuidOption(uuids)
  options.setResolveLinks(false)
  fill(options)
  const request = new streamsPb.ReadReq()
  request.setOptions(options)
  return request
}

const placeOf = (from: Position | 'end'): ReadReq.Options.AllOptions => {
  const all = new streamsPb.ReadReq.Options.AllOptions()
  if (from === 'end') all.setEnd(EMPTY)
  else if (from === START) all.setStart(EMPTY)
  else {
    // Records that commit themselves, as all of this adapter's do, have one position for both (AllReader.cs).
    const digits = from.replace(/^0+/, '')
    const position = new streamsPb.ReadReq.Options.Position()
    position.setCommitPosition(digits)
    position.setPreparePosition(digits)
    all.setPosition(position)
  }
  return all
}

// The server looks through so many events at a time, and says after each time how far a subscription has got.
const SEARCH_WINDOW = 512

const filterOf = (prefixes: readonly string[]): ReadReq.Options.FilterOptions => {
  const names = new streamsPb.ReadReq.Options.FilterOptions.Expression()
  names.setPrefixList([...prefixes])
  const filter = new streamsPb.ReadReq.Options.FilterOptions()
  filter.setStreamIdentifier(names)
  filter.setMax(SEARCH_WINDOW)
  filter.setCheckpointintervalmultiplier(1)
  return filter
}

const identifierOf = (stream: string): StreamIdentifier => {
  const identifier = new sharedPb.StreamIdentifier()
  identifier.setStreamName(Buffer.from(stream))
  return identifier
}
