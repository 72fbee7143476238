/** Events as EventStoreDB hands them out. */
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { type Position, positionText, type StoredEvent } from '../event-store.ts'

type RecordedEvent = ReadResp.ReadEvent.RecordedEvent

/** The event of an answer, if it holds one of a stream whose name begins with `prefix`. Its texts are as stored. */
export const storedEventOf = (answer: ReadResp, prefix: string): StoredEvent | null => {
  const recorded = recordedIn(answer)
  if (recorded === undefined) return null
  const stream = textOf(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? NOTHING)
  if (!stream.startsWith(prefix)) return null
  const metadata = recorded.getMetadataMap()
  return {
    event_id: recorded.getId()?.getString() ?? '',
    type: metadata.get('type') ?? '',
    data: textOf(recorded.getData_asU8()),
    metadata: textOf(recorded.getCustomMetadata_asU8()),
    stream: stream.slice(prefix.length),
    revision: revisionOf(recorded.getStreamRevision()),
    position: positionText(recorded.getCommitPosition()),
    recorded_at: timeOf(metadata.get('created') ?? '0'),
  }
}

/** A tombstone's is 2^63 - 1 (EventNumber.cs, DeletedStream), which no number holds: it becomes the greatest that one does. */
const revisionOf = (revision: string): number => Math.min(Number(revision), Number.MAX_SAFE_INTEGER)

/** The position of the event of an answer, whosever it is. */
export const positionIn = (answer: ReadResp): Position | null => {
  const recorded = recordedIn(answer)
  return recorded === undefined ? null : positionText(recorded.getCommitPosition())
}

/** How much of a page an event takes: its texts, in characters. */
export const sizeOf = ({ data, metadata }: StoredEvent): number => data.length + metadata.length

// A link is an event of its own stream: it is handed on as what it is.
const recordedIn = (answer: ReadResp): RecordedEvent | undefined => {
  const event = answer.getEvent()
  return event?.getLink() ?? event?.getEvent()
}

const NOTHING = new Uint8Array()

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

/** `created` counts ticks of 100 ns since 1970 (Streams.Read.cs, ToTicksSinceEpoch); cut to ms, as every time here. */
const timeOf = (ticks: string): string => {
  const digits = ticks.slice(0, -4)
  if (digits === lastTime.digits) return lastTime.text
  const text = new Date(Number(digits)).toISOString()
  lastTime = { digits, text }
  return text
}

// Events that follow each other are often of one millisecond.
let lastTime = { digits: '', text: '1970-01-01T00:00:00.000Z' }
