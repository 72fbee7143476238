/** Reads of the log: a stream's page, what follows a position, the head. */
import type { DatabaseSync } from 'node:sqlite'
import {
  accessStreamOf,
  type Backlog,
  type Position,
  positionText,
  type ReadOptions,
  START,
  type StoredBytes,
  type StoredEvent,
  type StreamPage,
} from '../event-store.ts'

import { IndexDamaged, type LastRevisions } from './last-revisions.ts'

/** What follows a row; `row` is as far as it goes; `drained`: the log held no more. */
export type Span = Readonly<{ events: readonly StoredEvent[]; row: number; drained: boolean }>

/** All of it throws what SQLite throws. */
export type LogReader = Readonly<{
  readStream: (stream: string, options: ReadOptions) => StreamPage
  /** At most `limit` events after `row`, those of other prefixes left out; at least one where there is one. */
  after: (row: number, limit: number, withBytes?: boolean) => Span
  head: () => Position
  backlog: (after: Position) => Backlog
}>

/** Data and metadata are bytes where `withBytes` asks for them. */
type Row = [number, string, number, string, string, string, Text, Text]
type Text = string | Uint8Array<ArrayBuffer>

// A page's data and metadata together: big events must not fill the memory.
const MAX_PAGE_BYTES = 4 * 1024 * 1024

const COLUMNS = 'position, stream, revision, event_id, type, recorded_at, data, metadata'
const BYTE_COLUMNS = COLUMNS.replace('data, metadata', 'CAST(data AS BLOB), CAST(metadata AS BLOB)')
// SQLite plans by a limit that is a bare parameter, and so plans the statement again at each use.
const FOLLOWING = 'position > ? ORDER BY position LIMIT 0 + ?'
const OWN = 'substr(stream, 1, length(:prefix)) = :prefix'

/** A stream's page that ends before the last revision `seen` of it throws IndexDamaged. */
export const createLogReader = (database: DatabaseSync, prefix: string, seen?: LastRevisions): LogReader => {
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  const readsOf = (columns: string) => ({
    forward: prepare(`SELECT ${columns} FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT 0 + ?`),
    backward: prepare(
      `SELECT ${columns} FROM events WHERE stream = ? AND revision <= ? ORDER BY revision DESC LIMIT 0 + ?`,
    ),
    following: prepare(`SELECT ${columns} FROM events WHERE ${FOLLOWING}`),
  })
  const texts = readsOf(COLUMNS)
  const bytes = readsOf(BYTE_COLUMNS)
  const lastRevision = prepare('SELECT max(revision) FROM events WHERE stream = ?')
  const sizeOfFollowing = prepare(
    `SELECT sum(octet_length(data) + octet_length(metadata)) FROM (SELECT data, metadata FROM events WHERE ${FOLLOWING})`,
  )
  const lastOwn = prepare(`SELECT position FROM events WHERE ${OWN} ORDER BY position DESC LIMIT 1`)
  const firstOwn = prepare(
    `SELECT position, recorded_at FROM events WHERE position > :row AND ${OWN} ORDER BY position LIMIT 1`,
  )
  const foreign = prepare(
    `SELECT 1 FROM events WHERE stream < :prefix AND stream <> :access
      UNION ALL SELECT 1 FROM events WHERE stream > :beyond AND stream <> :access LIMIT 1`,
  )
  const countAccess = prepare(
    'SELECT count(*) FROM events WHERE stream = :access AND position > :row AND position < :until',
  )
  // The index alone holds what this needs.
  const countOwn = prepare(
    `SELECT count(*) FROM events INDEXED BY sqlite_autoindex_events_1 WHERE +position > :row AND ${OWN}`,
  )

  const accessStream = accessStreamOf(prefix)

  const eventOf = (row: Row): StoredEvent => {
    const [data, metadata] = [row[6], row[7]]
    const isText = typeof data === 'string' && typeof metadata === 'string'
    const event = {
      stream: row[1] === accessStream ? accessStream : row[1].slice(prefix.length),
      revision: row[2],
      position: positionText(row[0]),
      event_id: row[3],
      type: row[4],
      recorded_at: row[5],
      data: isText ? data : textOf(data as Uint8Array),
      metadata: isText ? metadata : textOf(metadata as Uint8Array),
    }
    return isText ? event : { ...event, bytes: { data, metadata, revision: BigInt(row[2]) } as StoredBytes }
  }

  const ownOf = (rows: readonly Row[], withBytes: boolean): readonly StoredEvent[] => {
    const own: StoredEvent[] = []
    for (const row of rows)
      if (row[1].startsWith(prefix) || (withBytes && row[1] === accessStream)) own.push(eventOf(row))
    return own
  }

  const head = (): Position => {
    const last = lastOwn.get({ prefix }) as unknown as [number] | undefined
    return last === undefined ? START : positionText(last[0])
  }

  /** Positions have no holes, so that in most logs only the few access events have to be counted. */
  const ownAfter = (row: number): number => {
    if (foreign.get({ prefix, beyond: `${prefix}\u{10ffff}`, access: accessStream }) !== undefined)
      return (countOwn.get({ row, prefix }) as unknown as [number])[0]
    const until = Number(head())
    const [others] = countAccess.get({ row, access: accessStream, until }) as unknown as [number]
    return Math.max(0, until - row - others)
  }

  return {
    readStream: (stream, { from, direction, limit, withBytes = false }) => {
      const name = prefix + stream
      const start = from === 'end' ? (lastRevision.get(name) as unknown as [number | null])[0] : from
      if (from === 'end' && seen?.exceed(name, start ?? -1)) throw new IndexDamaged()
      if (start === null) return { events: [], endOfStream: true }
      // One more than asked for shows whether there are more.
      const { rows, ended } = take((withBytes ? bytes : texts)[direction].iterate(name, start, limit + 1), limit)
      const last = rows.at(-1)?.[2] ?? start - 1
      if (direction === 'forward' && ended && seen?.exceed(name, last)) throw new IndexDamaged()
      return { events: rows.map(eventOf), endOfStream: ended }
    },
    after: (row, limit, withBytes = false) => {
      const { following } = withBytes ? bytes : texts
      // Sizes stand in the rows' headers. Most batches fit, and reading one whole is much faster than row by row.
      const [size] = sizeOfFollowing.get(row, limit) as unknown as [number | null]
      if (size === null) return { events: [], row, drained: true }
      if (size <= MAX_PAGE_BYTES) {
        const rows = following.all(row, limit) as unknown as Row[]
        return { events: ownOf(rows, withBytes), row: rows.at(-1)?.[0] ?? row, drained: rows.length < limit }
      }
      const { rows, ended } = take(following.iterate(row, limit), limit)
      return { events: ownOf(rows, withBytes), row: rows.at(-1)?.[0] ?? row, drained: ended && rows.length < limit }
    },
    head,
    backlog: (after) => {
      const row = Number(after)
      const oldest = firstOwn.get({ row, prefix }) as unknown as [number, string] | undefined
      if (oldest === undefined) return { events: 0, oldest_recorded_at: null }
      return { events: ownAfter(row), oldest_recorded_at: oldest[1] }
    },
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()

/** Reads the one stream whose whole name is `name`, and finds what follows a position by the index of streams. */
export const createStreamReader = (database: DatabaseSync, name: string, seen?: LastRevisions): LogReader => {
  const reader = createLogReader(database, name, seen)
  const following = database.prepare(
    'SELECT revision FROM events WHERE stream = ? AND revision > ? AND position > ? ORDER BY revision LIMIT 1',
  )
  // Where the last read ended: revisions and positions ascend together.
  let known = { row: 0, revision: -1 }
  return {
    ...reader,
    after: (row, limit) => {
      const least = row >= known.row ? known.revision : -1
      const first = following.get(name, least, row) as { revision: number } | undefined
      if (first === undefined) return { events: [], row, drained: true }
      const { events, endOfStream } = reader.readStream('', { from: first.revision, direction: 'forward', limit })
      const last = events.at(-1)
      if (last === undefined) return { events, row, drained: true }
      known = { row: Number(last.position), revision: last.revision }
      return { events, row: known.row, drained: endOfStream }
    },
  }
}

/** Rows up to `limit` or to a page's size, whichever comes first; `ended`: there were no more. */
const take = (found: Iterable<unknown>, limit: number): Readonly<{ rows: readonly Row[]; ended: boolean }> => {
  const rows: Row[] = []
  let bytes = 0
  for (const row of found as Iterable<Row>) {
    if (rows.length >= limit || bytes >= MAX_PAGE_BYTES) return { rows, ended: false }
    rows.push(row)
    bytes += Buffer.byteLength(row[6]) + Buffer.byteLength(row[7])
  }
  return { rows, ended: true }
}
