/** What a log holds as its readers or its writer see it: they differ while writes are not replicated. */
import { type LogRecord, lastRevision, type Stream } from './records.ts'
import { DELETED_STREAM, parseStreamMetadata } from './stream-metadata.ts'
import { eventIn } from './wire.ts'

export type LogView = {
  readonly records: LogRecord[]
  readonly streams: Map<string, Stream>
  /** The position after the last record. */
  end: number
}

/** `end`: where the first record goes. */
export const emptyView = (end: number): LogView => ({ records: [], streams: new Map(), end })

/** The same contents, which change no more when `view` does. */
export const copyOf = ({ records, streams, end }: LogView): LogView => ({
  records: [...records],
  streams: new Map([...streams].map(([name, stream]) => [name, { ...stream, records: [...stream.records] }])),
  end,
})

/** Adds a record, and what it says of a stream where it is metadata or a tombstone. */
export const take = (view: LogView, record: LogRecord): void => {
  const stream = streamIn(view, record.stream)
  if (record.type === '$streamDeleted' && record.revision === DELETED_STREAM) stream.tombstoned = true
  else stream.records.push(record)
  view.records.push(record)
  view.end = record.next
  if (!record.stream.startsWith('$$')) return
  const original = streamIn(view, record.stream.slice(2))
  original.rawMetadata = Buffer.from(eventIn(record).data).toString()
  original.metadata = parseStreamMetadata(original.rawMetadata)
}

export const lastRevisionIn = ({ streams }: LogView, name: string): number => lastRevision(streams.get(name))

/** The index of the first record at or after `position`. */
export const indexAt = ({ records }: LogView, position: number): number => {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((records[middle]?.position ?? 0) < position) low = middle + 1
    else high = middle
  }
  return low
}

const streamIn = ({ streams }: LogView, name: string): Stream => {
  const known = streams.get(name)
  if (known !== undefined) return known
  const stream: Stream = { records: [], metadata: {}, rawMetadata: '{}', tombstoned: false }
  streams.set(name, stream)
  return stream
}
