/** The port to the log: streams of events, and nothing that knows what a run is. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'

/** 20 decimal digits, zero-padded, compared as text. Holds within one store only. */
export type Position = string

/** Before the first event of any store. */
export const START: Position = '0'.repeat(20)

const ZEROS = Array.from({ length: 21 }, (_, digits) => '0'.repeat(20 - digits))

/** The position that a store counts as `number`: a safe integer, or at most 20 digits. */
export const positionText = (number: number | string): Position => {
  const digits = String(number)
  // padStart takes twice the time, and every event that is read needs one.
  return ZEROS[digits.length] + digits
}

/** The later of two positions. */
export const later = (one: Position, other: Position): Position => (one > other ? one : other)

/** An event to append. `data` and `metadata` are JSON text, stored as they are. */
export type NewEvent = Readonly<{ event_id: string; type: string; data: string; metadata: string }>

export type StoredEvent = NewEvent &
  Readonly<{
    /** Without the store's prefix. */
    stream: string
    /** 0, 1, 2, … inside the stream. */
    revision: number
    position: Position
    /** When the store took it, a 24-character UTC time; runs backwards only where the clock of a server does. */
    recorded_at: string
    /** Only where `withBytes` asked for it. */
    bytes?: StoredBytes
  }>

/** What the texts of an event lose where they are no UTF-8, and its revision where it is beyond 2^53, as a tombstone's is. */
export type StoredBytes = Readonly<{
  data: Uint8Array<ArrayBuffer>
  metadata: Uint8Array<ArrayBuffer>
  revision: bigint
}>

// STORAGE CONTRACT. No prefix of runs begins with `_`, so that no command can write to it.
/** The whole name of the stream of a ledger's access events; `prefix` is that of its runs. */
export const accessStreamOf = (prefix: string): string => `_access:${prefix}`

/** The revision that the stream's last event must have; `no_stream`: there must be none. */
export type ExpectedRevision = 'no_stream' | number

/** Revision and position of the last event. */
export type Appended = Readonly<{ revision: number; position: Position }>

/** As the limits count it: `data` and `metadata` as UTF-8. */
export const bytesOf = ({ data, metadata }: NewEvent): number => Buffer.byteLength(data) + Buffer.byteLength(metadata)

/** Of all events of an append together. */
export const appendBytes = (events: readonly NewEvent[]): number => {
  let bytes = 0
  for (const event of events) bytes += bytesOf(event)
  return bytes
}

/** All events of one append together, by `bytesOf`. */
export const MAX_APPEND_BYTES = 1_000_000
/**
 * What an append may have beside them. EventStoreDB counts an event's type too, two bytes a character, against the 1 MiB
 * that it takes at once (Event.cs, SizeOnDisk): with more events it would refuse what is small enough here.
 */
export const MAX_APPEND_EVENTS = 1_000

/** Another append was first; `actual` is the stream's last revision, -1 where it has no events. Nothing was stored. */
export type WrongExpectedRevision = Readonly<{ _tag: 'WrongExpectedRevision'; actual: number }>
/** `outcome` says whether an append may have been stored anyway; reads are always `not_stored`. */
export type StoreUnavailable = Readonly<{ _tag: 'StoreUnavailable'; outcome: 'not_stored' | 'unknown'; detail: string }>
export const unavailable = (detail: string, outcome: StoreUnavailable['outcome'] = 'not_stored'): StoreUnavailable => ({
  _tag: 'StoreUnavailable',
  outcome,
  detail,
})

export type EventTooLarge = Readonly<{ _tag: 'EventTooLarge'; bytes: number }>
/** `tombstoned`: for ever; else its beginning, or all of it, can be read no more, by a deletion or by its metadata. */
export type StreamDeleted = Readonly<{ _tag: 'StreamDeleted'; tombstoned: boolean }>

export type AppendFailure = WrongExpectedRevision | StoreUnavailable | EventTooLarge | StreamDeleted
export type ReadFailure = StoreUnavailable | StreamDeleted

export type ReadOptions = Readonly<{
  /** The revision to begin with, inclusive; `end`: the last one. */
  from: number | 'end'
  direction: 'forward' | 'backward'
  /** At most this many events; an adapter may answer fewer. */
  limit: number
  /** Events come with their `bytes`. */
  withBytes?: boolean
}>

/** `endOfStream`: nothing follows in this direction. A stream that does not exist is an empty, ended page. */
export type StreamPage = Readonly<{ events: readonly StoredEvent[]; endOfStream: boolean }>

export type SubscribeOptions = Readonly<{
  /** Events after this position. */
  from: Position
  /** Ends the iteration. */
  signal: AbortSignal
  /** At most this many events a batch (512). */
  batchSize?: number
  /** Events come with their `bytes`, and access events come too, with the whole name of their stream. */
  withBytes?: boolean
}>

/**
 * From `position` of the log on the stream is in this state, until the next mark of it. `truncated`: its first events are
 * hidden, by a deletion or a rule that also hides what is appended later, so its run is unreadable; `readable`: nothing is
 * hidden any more. `tombstoned`: deleted for ever; what came of it before stays in the log.
 */
export type StreamMark = Readonly<{
  stream: string
  state: 'readable' | 'truncated' | 'tombstoned'
  position: Position
}>

/**
 * The next events in order of position; maybe none, where only foreign events went by or the head was reached. `marks`:
 * what administrators of the store did to streams, up to `position` and after the batch before, in order of position; the
 * embedded store has none. A tombstone is an event, too, of type `$streamDeleted` and with no revision that an event can have.
 * `position` is as far as the subscription has got. `caughtUp`: this was all that the log held just now.
 */
export type Batch = Readonly<{
  events: readonly StoredEvent[]
  marks: readonly StreamMark[]
  position: Position
  caughtUp: boolean
}>

/**
 * What the log holds after a position: how many of the store's own events, and when the first was recorded. Beyond 2,000
 * events an adapter may estimate how many more there are.
 */
export type Backlog = Readonly<{ events: number; oldest_recorded_at: string | null }>

/**
 * The stream of the ledger's access events. `subscribe`, `headPosition` and `backlog` of the store leave it out; its positions
 * are of the same order as those of the log. Its events have an empty `stream`.
 */
export type AccessStream = Readonly<{
  /** As `append` of the store. */
  append: (expected: ExpectedRevision, events: readonly NewEvent[]) => TaskEither<AppendFailure, Appended>
  /** As `readStream` of the store. */
  read: (options: ReadOptions) => TaskEither<ReadFailure, StreamPage>
  /** As `subscribe` of the store. A position of the log that was its head before a read of the stream is safe to start from. */
  subscribe: (options: SubscribeOptions) => AsyncIterable<Batch>
}>

export type EventStore = Readonly<{
  access: AccessStream
  /**
   * Appends all events or none, and returns once they are durable. The same event ids at the same expected revision
   * return what they returned the first time and store nothing, so an append of unknown outcome is retried with both.
   * Event ids belong to one attempt to store: nothing else distinguishes a retry from another append.
   */
  append: (
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
  ) => TaskEither<AppendFailure, Appended>
  readStream: (stream: string, options: ReadOptions) => TaskEither<ReadFailure, StreamPage>
  /**
   * Every event after `from`, without gap or repeat, then the new ones as they come, until `signal` aborts. Survives a
   * lost connection; throws only what it cannot recover from, and its owner starts a new one from the last position.
   */
  subscribe: (options: SubscribeOptions) => AsyncIterable<Batch>
  /** The position of the last of the store's own events, `START` where there is none. */
  headPosition: () => TaskEither<StoreUnavailable, Position>
  backlog: (after: Position) => TaskEither<StoreUnavailable, Backlog>
  /** Whether an append could be stored now, where a read that succeeds does not show it. Nothing that stays is written. */
  canStore?: () => TaskEither<StoreUnavailable, void>
  /** Records the address that the owner serves, for programs that find the store in use. Nothing where a store has no owner. */
  announce: (url: string) => void
  /** Ends subscriptions, answers what is under way, and lets go of the store. A second call does nothing. */
  close: () => Promise<void>
}>
