/** Cursors: opaque texts that say where a page ended, each bound to the query that it came from. */
import { hash } from 'node:crypto'
import { none, type Option, some } from 'fp-ts/lib/Option.js'
import { z } from 'zod'
import { Id } from '../run/run.ts'
import { parseTime, type Time } from '../run/time.ts'

/** Where in the order a page ended: the sort column's value and the run. */
export type CursorKey = Readonly<{ value: Time; run_id: string }>

/** What makes two queries the same walk: filters and sort, not the size of a page. Values in any order are the same. */
export type CursorQuery = Readonly<Record<string, unknown>>

/** A cursor after `key`, for `query` alone. */
export const cursorOf = (query: CursorQuery, { value, run_id }: CursorKey): string =>
  Buffer.from(JSON.stringify([VERSION, digestOf(query), value, run_id])).toString('base64url')

/** Where `cursor` ended; none where it is no cursor, or another query's. */
export const readCursor = (query: CursorQuery, cursor: string): Option<CursorKey> => {
  const parsed = Parts.safeParse(jsonOf(Buffer.from(cursor, 'base64url').toString('utf8')))
  if (!parsed.success || parsed.data[1] !== digestOf(query)) return none
  const [, , value, run_id] = parsed.data
  return some({ value, run_id })
}

const VERSION = 1

const StoredTime = z.string().refine((text) => {
  const time = parseTime(text)
  return time._tag === 'Some' && time.value === text
})
const Parts = z.tuple([z.literal(VERSION), z.string(), StoredTime, Id])

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const digestOf = (query: CursorQuery): string =>
  hash('sha256', JSON.stringify(canonical(query)), 'base64url').slice(0, 12)

/** Keys and lists in order, absent values left out. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical).sort()
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => ({ [key]: canonical(member) }))
}
