/** The messages that come and go with every event: a request to append, its reply, and the answers of reads. */
import {
  accessStreamOf,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type StoredEvent,
} from '../../event-store.ts'
import type { GrpcError } from '../grpc-error.ts'

/**
 * Two ways to read and write them, which tests hold equal: `plain` by the classes that the client's package ships, `fast` by
 * hand. The classes make a tree of objects of each message, which took half of the time of an append.
 */
export type Messages = Readonly<{
  /** A BatchAppendReq as it goes over the wire; `stream` is the whole name. */
  appendRequest: (
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
    correlationId: string,
  ) => Buffer
  /** Of a BatchAppendResp. Throws where it is no such message. */
  appendReplyOf: (bytes: Buffer) => AppendReply
  /** Of a ReadResp. Throws where it is no such message. */
  readAnswerOf: (bytes: Buffer) => ReadAnswer
  /** The same, with the `bytes` of its event. */
  readAnswerWithBytesOf: (bytes: Buffer) => ReadAnswer
}>

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

export type AppendReply = Readonly<{ correlationId: string; answer: AppendAnswer }>

/** What a read or a subscription answers, as far as it is of use (streams.proto, ReadResp). */
export type ReadAnswer = {
  /** `stream` is its whole name. A link is an event of its own stream: it is handed on as what it is. */
  event: StoredEvent | null
  checkpoint: Position | null
  streamNotFound: boolean
}

/** The event of an answer, if it holds one of a stream whose name begins with `prefix`. Its texts are as stored. */
export const storedEventOf = ({ event }: ReadAnswer, prefix: string): StoredEvent | null => {
  return event?.stream.startsWith(prefix) ? inStream(event, event.stream.slice(prefix.length)) : null
}

/** The event of an answer, if it holds one of the ledger with this prefix: of a run, or an access event. */
export const ledgerEventOf = (answer: ReadAnswer, prefix: string): StoredEvent | null => {
  const { event } = answer
  return event?.stream === accessStreamOf(prefix) ? inStream(event, event.stream) : storedEventOf(answer, prefix)
}

const inStream = (event: StoredEvent, stream: string): StoredEvent => {
  const { event_id, type, data, metadata, revision, position, recorded_at, bytes } = event
  const own = { event_id, type, data, metadata, stream, revision, position, recorded_at }
  return bytes === undefined ? own : { ...own, bytes }
}

/** How much of a page an event takes: its texts, in characters. */
export const sizeOf = ({ data, metadata }: StoredEvent): number => data.length + metadata.length
