/** The log of the stand-in: EventStoreDB's transaction file and its index, in memory, with the decisions of its writer. */
import { randomUUID } from 'node:crypto'
import { checkCommit, rememberIds } from './commit-check.ts'
import {
  type LogRecord,
  lastRevision,
  NO_STREAM,
  type ProposedEvent,
  type Stream,
  type WriteOutcome,
  type Written,
} from './records.ts'
import { asRecord, DELETED_STREAM, parseStreamMetadata, type StreamMetadata } from './stream-metadata.ts'
import { eventIn, recordOf } from './wire.ts'

export type Log = Readonly<{
  records: readonly LogRecord[]
  stream: (name: string) => Stream | undefined
  metadataOf: (name: string) => StreamMetadata
  /** The position after the last record. */
  end: () => number
  append: (stream: string, expected: number, events: readonly ProposedEvent[]) => WriteOutcome
  softDelete: (stream: string, expected: number) => WriteOutcome
  tombstone: (stream: string, expected: number) => WriteOutcome
  /** The index of the first record at or after `position`. */
  indexAt: (position: number) => number
  /** Calls back after every append, until the returned function is called. */
  onAppended: (listener: () => void) => () => void
  /** Forgets what a restarted server has forgotten: event ids that it remembers in memory only. */
  forgetEventIds: () => void
}>

export type LogOptions = Readonly<{
  /** Stores the records of one write before it is answered. */
  store: (records: readonly LogRecord[]) => void
  /** What an earlier process stored. */
  stored: Iterable<LogRecord>
}>

export const openLog = ({ store, stored }: LogOptions): Log => {
  const records: LogRecord[] = []
  const streams = new Map<string, Stream>()
  const listeners = new Set<() => void>()
  const eventIds = rememberIds()
  let end = FIRST_RECORD

  const metadataOf = (name: string) => streams.get(name)?.metadata ?? {}
  const isSoftDeleted = (name: string) => metadataOf(name).truncateBefore === DELETED_STREAM
  const check = (name: string, expected: number, ids: readonly string[]) =>
    checkCommit({ streams, eventIds }, name, expected, ids)
  const open = (name: string): Stream => {
    const known = streams.get(name)
    if (known !== undefined) return known
    const stream: Stream = { records: [], metadata: {}, rawMetadata: '{}', tombstoned: false }
    streams.set(name, stream)
    return stream
  }
  const take = (record: LogRecord) => {
    const stream = open(record.stream)
    if (record.type === '$streamDeleted' && record.revision === DELETED_STREAM) stream.tombstoned = true
    else stream.records.push(record)
    records.push(record)
    end = record.next
    if (!record.stream.startsWith('$$')) return
    const original = open(record.stream.slice(2))
    original.rawMetadata = Buffer.from(eventIn(record).data).toString()
    original.metadata = parseStreamMetadata(original.rawMetadata)
  }
  const write = (name: string, events: readonly ProposedEvent[], first: number): Written => {
    const created = performance.timeOrigin + performance.now()
    const written: LogRecord[] = []
    let position = end
    for (const [index, event] of events.entries()) {
      const next = position + sizeOnDisk(name, event)
      written.push(recordOf(name, Math.min(first + index, DELETED_STREAM), position, next, created, event))
      position = next
    }
    store(written)
    for (const record of written) {
      take(record)
      eventIds.add(record.id, name, record.revision)
    }
    // IndexCommitter.cs: CommitIndexed carries the position of the last record, and the answer gives it.
    return { _tag: 'Written', revision: first + events.length - 1, position: written.at(-1)?.position ?? end }
  }

  /** StorageWriterService.cs, SoftUndeleteStream: the old events stay hidden, the numbering goes on. */
  const softUndelete = (name: string, recreateFrom: number) => {
    const raw = parseJson(streams.get(name)?.rawMetadata ?? '{}')
    if (raw === null) return
    const data = Buffer.from(JSON.stringify({ ...raw, $tb: recreateFrom }))
    const meta = streams.get(`$$${name}`)
    write(`$$${name}`, [systemEvent('$metadata', data)], lastRevision(meta) + 1)
  }
  const changed = () => {
    for (const listener of listeners) listener()
  }

  for (const record of stored) take(record)

  return {
    records,
    stream: (name) => streams.get(name),
    metadataOf,
    end: () => end,
    append: (name, expected, events) => {
      const decision = check(
        name,
        expected,
        events.map((event) => event.id),
      )
      if (decision._tag !== 'Ok') return decision
      const undelete = isSoftDeleted(name)
      const original = name.startsWith('$$') ? name.slice(2) : ''
      const undeleteOriginal = original !== '' && isSoftDeleted(original)
      const written = write(name, events, decision.current + 1)
      if (undelete) softUndelete(name, decision.current + 1)
      if (undeleteOriginal) softUndelete(original, lastRevision(streams.get(original)) + 1)
      changed()
      return written
    },
    // StorageWriterService.cs, Handle(WriteDelete): metadata with the greatest `$tb` is the soft deletion.
    softDelete: (name, expected) => {
      const decision = check(name, expected, [randomUUID()])
      if (decision._tag !== 'Ok') return decision
      const meta = lastRevision(streams.get(`$$${name}`))
      if (decision.current < 0 && meta < 0) return { _tag: 'WrongExpectedVersion', current: NO_STREAM }
      const data = Buffer.from(`{"$tb":${2n ** 63n - 1n}}`)
      const written = write(`$$${name}`, [systemEvent('$metadata', data)], meta + 1)
      changed()
      return written
    },
    tombstone: (name, expected) => {
      const decision = check(name, expected, [randomUUID()])
      if (decision._tag !== 'Ok') return decision
      const written = write(name, [systemEvent('$streamDeleted', new Uint8Array(), false)], DELETED_STREAM)
      changed()
      return written
    },
    indexAt: (position) => {
      let low = 0
      let high = records.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((records[middle]?.position ?? 0) < position) low = middle + 1
        else high = middle
      }
      return low
    },
    onAppended: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    forgetEventIds: eventIds.clear,
  }
}

export const systemEvent = (type: string, data: Uint8Array, isJson = true): ProposedEvent => ({
  id: randomUUID(),
  type,
  isJson,
  data,
  metadata: new Uint8Array(),
})

/** The first record of a database is the epoch's, which no reader sees: it takes the first bytes. */
const FIRST_RECORD = 163

/** PrepareLogRecord.cs, SizeOnDisk: what a record takes in the file, and so how far positions are apart. */
const sizeOnDisk = (stream: string, event: ProposedEvent): number =>
  88 +
  withLength(Buffer.byteLength(stream)) +
  withLength(Buffer.byteLength(event.type)) +
  event.data.length +
  event.metadata.length

/** A string of the .NET BinaryWriter: its length in groups of 7 bits, then itself. */
const withLength = (size: number): number => size + (size < 1 << 7 ? 1 : size < 1 << 14 ? 2 : 3)

const parseJson = (text: string): Readonly<Record<string, unknown>> | null => {
  try {
    return asRecord(JSON.parse(text))
  } catch {
    return null
  }
}
