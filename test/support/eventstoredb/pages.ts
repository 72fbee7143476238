/** Pages of a stream and of `$all`: IndexReader.cs and AllReader.cs. */
import type { Filter } from './calls/filter.ts'
import type { Log } from './log.ts'
import { firstReadable, isReadable, type LogRecord, lastRevision } from './records.ts'
import { DELETED_STREAM } from './stream-metadata.ts'

/** Enumerators.cs, ReadBatchSize */
export const PAGE_SIZE = 32

export type StreamPage =
  | Readonly<{ _tag: 'Page'; records: readonly LogRecord[]; next: number; last: number; isEnd: boolean }>
  | Readonly<{ _tag: 'NoStream' }>
  | Readonly<{ _tag: 'StreamDeleted' }>

export type AllPage = Readonly<{
  records: readonly LogRecord[]
  /** Where the next page begins; forwards inclusive, backwards exclusive. */
  next: number
  isEnd: boolean
  /** How many events the filter has looked at. */
  considered: number
}>

/** Events from revision `from` on, at most `count`. */
export const streamForwards = (log: Log, name: string, from: number, count: number): StreamPage => {
  const stream = log.stream(name)
  const last = lastRevision(stream)
  if (last === DELETED_STREAM) return { _tag: 'StreamDeleted' }
  if (stream === undefined || last < 0 || stream.metadata.truncateBefore === DELETED_STREAM) return { _tag: 'NoStream' }
  const first = firstReadable(stream)
  const end = from + count - 1
  if (end < first) return { _tag: 'Page', records: [], next: first, last, isEnd: false }
  const start = Math.max(from, first)
  if (start > last) return { _tag: 'Page', records: [], next: last + 1, last, isEnd: true }
  const records = stream.records.slice(start, end + 1).filter((record) => isReadable(stream, record))
  return { _tag: 'Page', records, next: Math.min(end + 1, last + 1), last, isEnd: end >= last }
}

/** Events from revision `from` (below 0: the last one) back, at most `count`. */
export const streamBackwards = (log: Log, name: string, from: number, count: number): StreamPage => {
  const stream = log.stream(name)
  const last = lastRevision(stream)
  if (last === DELETED_STREAM) return { _tag: 'StreamDeleted' }
  if (stream === undefined || last < 0 || stream.metadata.truncateBefore === DELETED_STREAM) return { _tag: 'NoStream' }
  const end = from < 0 ? last : from
  const first = firstReadable(stream)
  if (end < first) return { _tag: 'Page', records: [], next: -1, last, isEnd: true }
  const start = Math.max(first, end - count + 1)
  const records = stream.records
    .slice(start, end + 1)
    .filter((record) => isReadable(stream, record))
    .reverse()
  return { _tag: 'Page', records, next: start - 1, last, isEnd: start <= first }
}

/** Events whose records begin at or after `from`; metadata hides nothing here until a scavenge has removed it. */
export const allForwards = (log: Log, from: number, count: number, window: number, filter: Filter): AllPage => {
  const records: LogRecord[] = []
  let considered = 0
  let index = log.indexAt(from)
  while (records.length < count && considered < window) {
    const record = log.records[index]
    if (record === undefined) return { records, next: Math.max(from, log.end()), isEnd: true, considered }
    considered++
    index++
    if (filter(record)) records.push(record)
  }
  return { records, next: log.records[index]?.position ?? log.end(), isEnd: false, considered }
}

/** Events whose records end at or before `from`, last first. */
export const allBackwards = (log: Log, from: number, count: number, window: number, filter: Filter): AllPage => {
  const records: LogRecord[] = []
  let considered = 0
  let index = log.indexAt(from) - 1
  while (records.length < count && considered < window) {
    const record = log.records[index]
    if (record === undefined) return { records, next: 0, isEnd: true, considered }
    considered++
    index--
    if (filter(record)) records.push(record)
  }
  return { records, next: log.records[index + 1]?.position ?? 0, isEnd: false, considered }
}
