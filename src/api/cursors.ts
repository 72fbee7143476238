/** Cursors: opaque texts that say where a page ended, each bound to the query that it came from. */
import { hash } from 'node:crypto'
import { none, type Option, some } from 'fp-ts/lib/Option.js'
import { z } from 'zod'
import { Id } from '../run/run.ts'
import { isTime } from '../run/time.ts'
import { PositionText } from './answers.ts'

/** What makes two queries the same walk: filters and sort, not the size of a page. Values in any order are the same. */
export type CursorQuery = Readonly<Record<string, unknown>>

/** Where in an order of runs a page ended: the sort column's value and the run. */
export const RunCursorKey = z.strictObject({ value: z.string().refine(isTime), run_id: Id })

/** Where in an order of Entries: the position or `occurred_at` ('' where that cannot be read), and the position. */
export const EntryCursorKey = z.strictObject({ value: z.string().max(24), position: PositionText })

/** Where in a run. */
export const RevisionCursorKey = z.strictObject({ revision: z.int().nonnegative() })

/** A cursor after `key`, for `query` alone. */
export const cursorOf = (query: CursorQuery, key: object): string =>
  Buffer.from(JSON.stringify([VERSION, digestOf(query), key])).toString('base64url')

/** Where `cursor` ended; none where it is no cursor, or another query's. */
export const readCursor = <Key>(schema: z.ZodType<Key>, query: CursorQuery, cursor: string): Option<Key> => {
  const parsed = Parts.safeParse(jsonOf(Buffer.from(cursor, 'base64url').toString('utf8')))
  if (!parsed.success || parsed.data[1] !== digestOf(query)) return none
  const key = schema.safeParse(parsed.data[2])
  return key.success ? some(key.data) : none
}

const VERSION = 1

const Parts = z.tuple([z.literal(VERSION), z.string(), z.unknown()])

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const digestOf = (query: CursorQuery): string => {
  const text = JSON.stringify(query)
  if (text !== last.text)
    last = { text, digest: hash('sha256', JSON.stringify(canonical(query)), 'base64url').slice(0, 12) }
  return last.digest
}

// A page reads the digest of its cursor and writes it into the next, and whoever walks asks for page after page.
let last = { text: '', digest: '' }

/** Keys and lists in order, absent values left out. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical).sort()
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => ({ [key]: canonical(member) }))
}
