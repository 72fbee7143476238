/** Reads of the log: a stream's page, what follows a position, the head. */
import type { DatabaseSync } from 'node:sqlite'
import {
  type Backlog,
  type Position,
  type ReadOptions,
  START,
  type StoredEvent,
  type StreamPage,
} from '../event-store.ts'
import { positionOf, rowOf } from './position.ts'

/** What follows a row; `row` is as far as it goes; `drained`: the log held no more. */
export type Span = Readonly<{ events: readonly StoredEvent[]; row: number; drained: boolean }>

/** All of it throws what SQLite throws. */
export type LogReader = Readonly<{
  readStream: (stream: string, options: ReadOptions) => StreamPage
  /** At most `limit` events after `row`, those of other prefixes left out; at least one where there is one. */
  after: (row: number, limit: number) => Span
  head: () => Position
  backlog: (after: Position) => Backlog
}>

type Row = [number, string, number, string, string, string, string, string]

// A page's data and metadata, in characters, so that big events do not fill the memory.
const MAX_PAGE_CHARACTERS = 4 * 1024 * 1024

const COLUMNS = 'position, stream, revision, event_id, type, recorded_at, data, metadata'
const OWN = 'substr(stream, 1, length(:prefix)) = :prefix'

export const createLogReader = (database: DatabaseSync, prefix: string): LogReader => {
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  const forward = prepare(`SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`)
  const backward = prepare(
    `SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision <= ? ORDER BY revision DESC LIMIT ?`,
  )
  const lastRevision = prepare('SELECT max(revision) FROM events WHERE stream = ?')
  const following = prepare(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`)
  const lastOwn = prepare(`SELECT position FROM events WHERE ${OWN} ORDER BY position DESC LIMIT 1`)
  const firstOwn = prepare(
    `SELECT position, recorded_at FROM events WHERE position > :row AND ${OWN} ORDER BY position LIMIT 1`,
  )
  const streams = prepare('SELECT min(stream), (SELECT max(stream) FROM events) FROM events')
  // The index alone holds what this needs.
  const countOwn = prepare(
    `SELECT count(*) FROM events INDEXED BY sqlite_autoindex_events_1 WHERE +position > :row AND ${OWN}`,
  )

  const eventOf = (row: Row): StoredEvent => ({
    stream: row[1].slice(prefix.length),
    revision: row[2],
    position: positionOf(row[0]),
    event_id: row[3],
    type: row[4],
    recorded_at: row[5],
    data: row[6],
    metadata: row[7],
  })

  const head = (): Position => {
    const last = lastOwn.get({ prefix }) as unknown as [number] | undefined
    return last === undefined ? START : positionOf(last[0])
  }

  /** Positions have no holes, so that most logs need no counting. */
  const ownAfter = (row: number): number => {
    const [first, last] = streams.get() as unknown as [string | null, string | null]
    if (first?.startsWith(prefix) && last?.startsWith(prefix)) return Math.max(0, rowOf(head()) - row)
    return (countOwn.get({ row, prefix }) as unknown as [number])[0]
  }

  return {
    readStream: (stream, { from, direction, limit }) => {
      const name = prefix + stream
      const start = from === 'end' ? (lastRevision.get(name) as unknown as [number | null])[0] : from
      if (start === null) return { events: [], endOfStream: true }
      const rows = (direction === 'forward' ? forward : backward).iterate(name, start, limit + 1)
      const { taken, ended } = take(rows as Iterable<unknown> as Iterable<Row>, limit)
      return { events: taken.map(eventOf), endOfStream: ended }
    },
    after: (row, limit) => {
      const { taken, ended } = take(following.iterate(row, limit + 1) as Iterable<unknown> as Iterable<Row>, limit)
      const own: StoredEvent[] = []
      for (const each of taken) if (each[1].startsWith(prefix)) own.push(eventOf(each))
      return { events: own, row: taken.at(-1)?.[0] ?? row, drained: ended }
    },
    head,
    backlog: (after) => {
      const row = rowOf(after)
      const oldest = firstOwn.get({ row, prefix }) as unknown as [number, string] | undefined
      if (oldest === undefined) return { events: 0, oldest_recorded_at: null }
      return { events: ownAfter(row), oldest_recorded_at: oldest[1] }
    },
  }
}

/** Rows up to `limit` or to a page's size, whichever comes first; `ended`: there were no more. */
const take = (rows: Iterable<Row>, limit: number): Readonly<{ taken: readonly Row[]; ended: boolean }> => {
  const taken: Row[] = []
  let characters = 0
  for (const row of rows) {
    if (taken.length >= limit || characters >= MAX_PAGE_CHARACTERS) return { taken, ended: false }
    taken.push(row)
    characters += row[6].length + row[7].length
  }
  return { taken, ended: true }
}
