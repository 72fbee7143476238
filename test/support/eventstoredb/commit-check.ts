/** Whether a write is taken, refused, or a repeat of one that the log has: IndexWriter.cs, CheckCommit. */
import {
  ANY,
  isReadable,
  lastRevision,
  NO_STREAM,
  STREAM_EXISTS,
  type Stream,
  type WriteOutcome,
  type Written,
} from './records.ts'
import { DELETED_STREAM } from './stream-metadata.ts'

/** `Ok`: the write is taken, its first event after revision `current`. */
export type Decision = Readonly<{ _tag: 'Ok'; current: number }> | Exclude<WriteOutcome, Written>

export type Index = Readonly<{ streams: ReadonlyMap<string, Stream>; eventIds: EventIds }>

/** `ids` are those of the events to write, in their order; they are compared with what the stream has at that place. */
export const checkCommit = (index: Index, name: string, expected: number, ids: readonly string[]): Decision => {
  const stream = index.streams.get(name)
  const current = lastRevision(stream)
  if (current === DELETED_STREAM) return { _tag: 'StreamDeleted' }
  const softDeleted = stream?.metadata.truncateBefore === DELETED_STREAM
  if (expected === STREAM_EXISTS) {
    if (softDeleted) return { _tag: 'StreamDeleted' }
    if (current < 0 && lastRevision(index.streams.get(`$$${name}`)) < 0) return wrong(current)
  }
  if (expected === ANY || expected === STREAM_EXISTS) return checkAny(index, name, current, ids)
  if (expected > current) return wrong(current)
  if (expected === current) return { _tag: 'Ok', current }
  const other = ids.findIndex((id, offset) => stream?.records[expected + 1 + offset]?.id !== id)
  if (other === 0 && expected === NO_STREAM && softDeleted) return { _tag: 'Ok', current }
  // A repeat whose later events differ is none, and a write without events repeats nothing.
  if (other >= 0 || ids.length === 0) return wrong(current)
  return idempotent(stream, expected + ids.length)
}

/** Where no revision is expected, only the ids that are remembered tell a repeat. */
const checkAny = ({ streams, eventIds }: Index, name: string, current: number, ids: readonly string[]): Decision => {
  let last = -1
  for (const [offset, id] of ids.entries()) {
    const revision = eventIds.find(id, name)
    if (revision === undefined) return offset === 0 ? { _tag: 'Ok', current } : wrong(current)
    last = revision
  }
  return ids.length === 0 ? { _tag: 'Ok', current } : idempotent(streams.get(name), last)
}

const wrong = (current: number): Decision => ({ _tag: 'WrongExpectedVersion', current })

/** The position is the last event's; -1, which the answer leaves out, where it may not be read any more. */
const idempotent = (stream: Stream | undefined, revision: number): Decision => {
  const record = stream?.records[revision]
  const readable = stream !== undefined && record !== undefined && isReadable(stream, record)
  return { _tag: 'Idempotent', revision, position: readable ? record.position : null }
}

export type EventIds = Readonly<{
  add: (id: string, stream: string, revision: number) => void
  find: (id: string, stream: string) => number | undefined
  clear: () => void
}>

/** IndexWriter.cs, _committedEvents: ids of late writes, in memory only, about as many as 8 MiB hold (ESConsts.cs). */
export const rememberIds = (): EventIds => {
  // Two halves, and the older one goes whole: a map that loses its oldest entry at every turn gets slow.
  let late = new Map<string, Remembered>()
  let older = new Map<string, Remembered>()
  return {
    add: (id, stream, revision) => {
      if (late.size >= 32_768) {
        older = late
        late = new Map()
      }
      late.set(id, { stream, revision })
    },
    find: (id, stream) => {
      const found = late.get(id) ?? older.get(id)
      return found?.stream === stream ? found.revision : undefined
    },
    clear: () => {
      late = new Map()
      older = new Map()
    },
  }
}

type Remembered = Readonly<{ stream: string; revision: number }>
