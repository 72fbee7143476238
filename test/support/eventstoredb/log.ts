/** The log of the stand-in: EventStoreDB's transaction file and its index, in memory, with the decisions of its writer. */
import { randomUUID } from 'node:crypto'
import { checkCommit, type Decision, rememberIds } from './commit-check.ts'
import { copyOf, emptyView, indexAt, type LogView, lastRevisionIn, take } from './log-view.ts'
import {
  type LogRecord,
  NO_STREAM,
  type ProposedEvent,
  type Stream,
  type WriteOutcome,
  type Written,
} from './records.ts'
import { asRecord, DELETED_STREAM, type StreamMetadata } from './stream-metadata.ts'
import { recordOf } from './wire.ts'

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
  /** As the leader that writes has it, replicated or not. */
  writtenStream: (name: string) => Stream | undefined
  /**
   * From now on writes are stored and not replicated: nobody reads them, and their answers wait. `replicate` ends that;
   * `loseUnreplicated` ends it as a new leader does that never had them.
   */
  holdReplication: () => void
  replicate: () => void
  loseUnreplicated: () => void
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
  let written = emptyView(FIRST_RECORD)
  /** The same view as `written`, except while writes are held back from replication. */
  let replicated = written
  let replication: PromiseWithResolvers<boolean> | null = null
  const listeners = new Set<() => void>()
  const eventIds = rememberIds()

  const metadataIn = ({ streams }: LogView, name: string) => streams.get(name)?.metadata ?? {}
  const isSoftDeleted = (name: string) => metadataIn(written, name).truncateBefore === DELETED_STREAM
  const check = (name: string, expected: number, ids: readonly string[]): Decision => {
    const decision = checkCommit({ streams: written.streams, eventIds }, name, expected, ids)
    const isReplicated = decision._tag !== 'Idempotent' || decision.revision <= lastRevisionIn(replicated, name)
    return isReplicated ? decision : { _tag: 'IdempotentNotReady' }
  }
  const write = (name: string, events: readonly ProposedEvent[], first: number): Written => {
    const created = performance.timeOrigin + performance.now()
    const records: LogRecord[] = []
    let position = written.end
    for (const [index, event] of events.entries()) {
      const next = position + sizeOnDisk(name, event)
      records.push(recordOf(name, Math.min(first + index, DELETED_STREAM), position, next, created, event))
      position = next
    }
    store(records)
    for (const record of records) {
      take(written, record)
      eventIds.add(record.id, name, record.revision)
    }
    // IndexCommitter.cs: CommitIndexed carries the position of the last record, and the answer gives it.
    const at = { revision: first + events.length - 1, position: records.at(-1)?.position ?? written.end }
    return { _tag: 'Written', ...at, replicated: replication?.promise ?? null }
  }

  /** StorageWriterService.cs, SoftUndeleteStream: the old events stay hidden, the numbering goes on. */
  const softUndelete = (name: string, recreateFrom: number) => {
    const raw = parseJson(written.streams.get(name)?.rawMetadata ?? '{}')
    if (raw === null) return
    const data = Buffer.from(JSON.stringify({ ...raw, $tb: recreateFrom }))
    write(`$$${name}`, [systemEvent('$metadata', data)], lastRevisionIn(written, `$$${name}`) + 1)
  }
  const changed = () => {
    if (replication !== null) return
    for (const listener of listeners) listener()
  }

  const endReplication = (view: LogView, kept: boolean) => {
    written = view
    replicated = view
    replication?.resolve(kept)
    replication = null
    changed()
  }

  for (const record of stored) take(written, record)

  return {
    get records() {
      return replicated.records
    },
    stream: (name) => replicated.streams.get(name),
    writtenStream: (name) => written.streams.get(name),
    metadataOf: (name) => metadataIn(replicated, name),
    end: () => replicated.end,
    holdReplication: () => {
      if (replication !== null) return
      replicated = copyOf(written)
      replication = Promise.withResolvers()
    },
    replicate: () => endReplication(written, true),
    loseUnreplicated: () => {
      eventIds.clear()
      endReplication(replicated, false)
    },
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
      const outcome = write(name, events, decision.current + 1)
      if (undelete) softUndelete(name, decision.current + 1)
      if (undeleteOriginal) softUndelete(original, lastRevisionIn(written, original) + 1)
      changed()
      return outcome
    },
    // StorageWriterService.cs, Handle(WriteDelete): metadata with the greatest `$tb` is the soft deletion.
    softDelete: (name, expected) => {
      const decision = check(name, expected, [randomUUID()])
      if (decision._tag !== 'Ok') return decision
      const meta = lastRevisionIn(written, `$$${name}`)
      if (decision.current < 0 && meta < 0) return { _tag: 'WrongExpectedVersion', current: NO_STREAM }
      const data = Buffer.from(`{"$tb":${2n ** 63n - 1n}}`)
      const outcome = write(`$$${name}`, [systemEvent('$metadata', data)], meta + 1)
      changed()
      return outcome
    },
    tombstone: (name, expected) => {
      const decision = check(name, expected, [randomUUID()])
      if (decision._tag !== 'Ok') return decision
      const outcome = write(name, [systemEvent('$streamDeleted', new Uint8Array(), false)], DELETED_STREAM)
      changed()
      return outcome
    },
    indexAt: (position) => indexAt(replicated, position),
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
