/** Appends to the log: those that wait together are stored in one transaction, with one fsync. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Either, isRight, left, right } from 'fp-ts/lib/Either.js'
import { type Commit, commits } from '../commits.ts'
import type { Clock } from '../config.ts'
import {
  type Appended,
  type AppendFailure,
  appendBytes,
  type ExpectedRevision,
  MAX_APPEND_BYTES,
  type NewEvent,
  positionText,
  unavailable,
} from '../event-store.ts'
import { IndexDamaged, type LastRevisions } from './last-revisions.ts'
import { detailOf, isUnwritten } from './sqlite-error.ts'
import { createWalKeeper } from './wal.ts'

type Answer = Either<AppendFailure, Appended>

export type Appender = Readonly<{
  /** Answers after COMMIT has returned. `stream` comes with the store's prefix. */
  append: (stream: string, expected: ExpectedRevision, events: readonly NewEvent[]) => Promise<Answer>
  /** Throws where nothing can be stored now. After a group that failed as a whole, only a commit shows that it can be again. */
  tryToStore: () => void
  /** The row of the log's last event, 0 where there is none. */
  lastRow: () => number
  /** Stores what waits, until nothing does. */
  drain: () => Promise<void>
}>

type Pending = Readonly<{
  stream: string
  /** The revision that its first event gets. */
  first: number
  events: readonly NewEvent[]
  bytes: number
  answer: (answer: Answer) => void
}>

/** The last event of the log, as far as this connection knows. */
type Tail = Readonly<{ row: number; recordedMs: number }>

const MAX_GROUP_APPENDS = 2_048
const MAX_GROUP_BYTES = 4 * 1024 * 1024
const MAX_WAITING_APPENDS = 16_384
const MAX_WAITING_BYTES = 64 * 1024 * 1024

/**
 * Owns the writing of `database`; `onStored` is called after each commit that stored something. What is stored is noted in
 * `seen`, and an append to a stream of which the index says less fails as the log's damage.
 */
export const createAppender = (
  database: DatabaseSync,
  seen: LastRevisions,
  clock: Clock,
  onStored: () => void,
): Appender => {
  const log = prepareLog(database, seen)
  const keepWalShort = createWalKeeper(database)
  const waiting: Pending[] = []
  let waitingBytes = 0
  let scheduled = false
  let tail = log.tail()
  let hasFailed = false

  const schedule = () => {
    if (scheduled) return
    scheduled = true
    setImmediate(flush)
  }

  const flush = () => {
    scheduled = false
    const group = nextGroup(waiting)
    for (const { bytes } of group) waitingBytes -= bytes
    const committed = commitGroup(log, tail, group, clock)
    const stored = committed.tail !== null && committed.tail.row > tail.row
    hasFailed = committed.tail === null
    tail = committed.tail ?? reread(log, tail)
    for (const [index, { stream, answer }] of group.entries()) {
      const result = committed.answers[index] as Answer
      if (result._tag === 'Right') seen.note(stream, result.right.revision)
      answer(result)
    }
    if (waiting.length > 0) schedule()
    if (stored) {
      if (commits.hasSubscribers) commits.publish(commitOf(committed))
      onStored()
      keepWalShort()
    }
  }

  return {
    append: (stream, expected, events) =>
      new Promise((answer) => {
        const bytes = appendBytes(events)
        if (events.length === 0) throw new RangeError('an append has at least one event')
        if (bytes > MAX_APPEND_BYTES) return answer(left({ _tag: 'EventTooLarge', bytes }))
        if (waiting.length >= MAX_WAITING_APPENDS || waitingBytes + bytes > MAX_WAITING_BYTES)
          return answer(left(unavailable('too many appends are waiting')))
        waiting.push({ stream, first: expected === 'no_stream' ? 0 : expected + 1, events, bytes, answer })
        waitingBytes += bytes
        schedule()
      }),
    tryToStore: () => {
      if (!hasFailed) return
      writeNothing(database)
      hasFailed = false
      keepWalShort()
    },
    lastRow: () => tail.row,
    drain: async () => {
      while (waiting.length > 0) await new Promise(setImmediate)
    },
  }
}

/** A commit that changes nothing, but writes a page as any other does. */
const writeNothing = (database: DatabaseSync): void => {
  const { user_version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  database.exec(`PRAGMA user_version = ${user_version}`)
}

const nextGroup = (waiting: Pending[]): Pending[] => {
  let count = 0
  let bytes = 0
  for (const pending of waiting) {
    bytes += pending.bytes
    if (count === MAX_GROUP_APPENDS || (count > 0 && bytes > MAX_GROUP_BYTES)) break
    count += 1
  }
  return waiting.splice(0, count)
}

const commitOf = ({ answers }: Committed): Commit => ({ appends: answers.filter(isRight).length })

type Committed = Readonly<{ answers: readonly Answer[]; tail: Tail | null }>

/** One transaction. Its answers hold once it returns; `tail` is null where the group failed as a whole. */
const commitGroup = (log: Log, before: Tail, group: readonly Pending[], clock: Clock): Committed => {
  const answers: Answer[] = []
  let { row, recordedMs } = before
  let recordedAt = new Date(recordedMs).toISOString()
  try {
    log.rollback()
    log.begin.run()
    for (const pending of group) {
      const now = clock()
      // The clock may be set back; the log's time never is.
      if (now > recordedMs) {
        recordedMs = now
        recordedAt = new Date(recordedMs).toISOString()
      }
      const answer = storeIn(log, pending, row, recordedAt)
      answers.push(answer.result)
      row = answer.row
    }
  } catch (error) {
    return failed(log, group, error, 'not_stored')
  }
  try {
    log.commit.run()
    return { answers, tail: { row, recordedMs } }
  } catch (error) {
    return failed(log, group, error, isUnwritten(error) ? 'not_stored' : 'unknown')
  }
}

const failed = (log: Log, group: readonly Pending[], error: unknown, outcome: 'not_stored' | 'unknown'): Committed => {
  try {
    log.rollback()
  } catch {
    // The next group tries again, before it begins.
  }
  return { answers: group.map(() => left(unavailable(detailOf(error), outcome))), tail: null }
}

type Stored = Readonly<{ result: Answer; row: number }>

/** Stores one append after `row`, sees that it is a repeat, or refuses it; SQLite has nothing to refuse then. */
const storeIn = (log: Log, append: Pending, row: number, recordedAt: string): Stored => {
  const { stream, first, events } = append
  // The first event shows whether a stream is new: only a new one takes revision 0.
  const seemsNew = first === 0 && !log.isKnown(stream)
  if (!seemsNew && log.lastRevision(stream) !== first - 1) return { result: notStored(log, append), row }
  let last = row
  let revision = first
  for (const { event_id, type, data, metadata } of events) {
    last += 1
    const { changes } = log.insert.run(last, stream, revision, event_id, type, recordedAt, data, metadata)
    if (changes === 0) return { result: notStored(log, append), row }
    revision += 1
  }
  return { result: right({ revision: revision - 1, position: positionText(last) }), row: last }
}

const notStored = (log: Log, { stream, first, events }: Pending): Answer => {
  const actual = log.lastRevision(stream)
  const repeat = actual < first + events.length - 1 ? null : log.repeatOf(stream, first, events)
  return repeat === null ? left({ _tag: 'WrongExpectedRevision', actual }) : right(repeat)
}

// Something outside this process may have written in spite of the lock: its rows are counted from here on.
const reread = (log: Log, known: Tail): Tail => {
  try {
    return log.tail()
  } catch {
    return known
  }
}

type Log = Readonly<{
  begin: StatementSync
  commit: StatementSync
  /** Changes nothing where the stream has an event at that revision. */
  insert: StatementSync
  /** Ends a transaction that is open, if one is. */
  rollback: () => void
  tail: () => Tail
  /** Whether this process has seen an event of it. */
  isKnown: (stream: string) => boolean
  /** -1 where the stream has no events. Throws where it has more than the index says. */
  lastRevision: (stream: string) => number
  /** The answer of an append of these events that was stored at `first` before, null where others stand there. */
  repeatOf: (stream: string, first: number, events: readonly NewEvent[]) => Appended | null
}>

const prepareLog = (database: DatabaseSync, seen: LastRevisions): Log => {
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  const last = prepare('SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1')
  const revision = prepare('SELECT revision FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1')
  const ids = prepare(
    'SELECT event_id, position FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?',
  )
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    insert: database.prepare(
      'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stream, revision) DO NOTHING',
    ),
    rollback: () => {
      if (database.isTransaction) database.exec('ROLLBACK')
    },
    tail: () => {
      const found = last.get() as unknown as [number, string] | undefined
      return found === undefined ? { row: 0, recordedMs: 0 } : { row: found[0], recordedMs: Date.parse(found[1]) }
    },
    isKnown: (stream) => seen.exceed(stream, -1),
    lastRevision: (stream) => {
      const last = (revision.get(stream) as unknown as [number] | undefined)?.[0] ?? -1
      if (seen.exceed(stream, last)) throw new IndexDamaged()
      return last
    },
    repeatOf: (stream, first, events) => {
      const stored = ids.all(stream, first, events.length) as unknown as [string, number][]
      if (events.some(({ event_id }, index) => stored[index]?.[0] !== event_id)) return null
      return { revision: first + events.length - 1, position: positionText(stored.at(-1)?.[1] ?? 0) }
    },
  }
}
