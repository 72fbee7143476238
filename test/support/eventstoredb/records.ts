/** The records of the log, the streams that they make, and what a write to one may come to. */
import { DELETED_STREAM, type StreamMetadata } from './stream-metadata.ts'

export type ProposedEvent = Readonly<{
  id: string
  type: string
  isJson: boolean
  data: Uint8Array
  metadata: Uint8Array
}>

export type LogRecord = Readonly<{
  /** Where the record begins: commit and prepare position at once, since every record commits itself. */
  position: number
  /** Where the next one begins. */
  next: number
  stream: string
  revision: number
  id: string
  type: string
  /** Milliseconds since 1970, with a fraction. */
  created: number
  /** The read response that carries the event, data and all; read by `eventIn`. */
  response: Buffer
}>

/** Data/ExpectedVersion.cs */
export const NO_STREAM = -1
export const ANY = -2
export const STREAM_EXISTS = -4

/** `replicated`: null at once, else true or, where a new leader never had it, false. */
export type Written = Readonly<{
  _tag: 'Written'
  revision: number
  position: number
  replicated: Promise<boolean> | null
}>
/** `position` is null where the event is there but may not be read any more. */
export type Idempotent = Readonly<{ _tag: 'Idempotent'; revision: number; position: number | null }>
/** Written before and not replicated yet: StorageWriterService.cs drops the write, and nobody answers it. */
export type IdempotentNotReady = Readonly<{ _tag: 'IdempotentNotReady' }>
export type WrongExpectedVersion = Readonly<{ _tag: 'WrongExpectedVersion'; current: number }>
export type StreamDeleted = Readonly<{ _tag: 'StreamDeleted' }>
export type WriteOutcome = Written | Idempotent | IdempotentNotReady | WrongExpectedVersion | StreamDeleted

export type Stream = {
  readonly records: LogRecord[]
  metadata: StreamMetadata
  /** The metadata as its event has it, JSON or not. */
  rawMetadata: string
  tombstoned: boolean
}

/** Where the last event of `stream` stands: -1 where it has none. */
export const lastRevision = (stream: Stream | undefined): number =>
  stream === undefined ? NO_STREAM : stream.tombstoned ? DELETED_STREAM : stream.records.length - 1

/** Whether the stream's metadata lets `record` be read (IndexReader.cs: `$maxCount`, `$tb`, `$maxAge`). */
export const isReadable = (stream: Stream, record: LogRecord): boolean =>
  !stream.tombstoned &&
  record.revision >= firstReadable(stream) &&
  (stream.metadata.maxAge === undefined || record.created >= Date.now() - stream.metadata.maxAge * 1000)

/** The lowest revision that `$maxCount` and `$tb` leave readable. */
export const firstReadable = (stream: Stream): number =>
  Math.max(
    0,
    stream.metadata.maxCount === undefined ? 0 : stream.records.length - stream.metadata.maxCount,
    stream.metadata.truncateBefore ?? 0,
  )
