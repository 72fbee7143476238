/** Cursors: opaque texts that say where a page ended, each bound to the query that it came from. */
import { hash } from 'node:crypto'
import { none, type Option, some } from 'fp-ts/lib/Option.js'
import { z } from 'zod'
import { Id } from '../run/run.ts'
import { isTime } from '../run/time.ts'

/** What makes two queries the same walk: filters and sort, not the size of a page. Values in any order are the same. */
export type CursorQuery = Readonly<Record<string, unknown>>

/** Whether what a cursor holds is a key of this order. */
export type CursorKey<Key> = (held: unknown) => held is Key

const keyOf =
  <Key>(schema: z.ZodType<Key>): CursorKey<Key> =>
  (held): held is Key =>
    schema.safeParse(held).success

/** Where in an order of runs a page ended: the sort column's value and the run. */
export const RunCursorKey = keyOf(z.strictObject({ value: z.string().refine(isTime), run_id: Id }))

/** Where in an order of Entries: the position or `occurred_at` ('' where that cannot be read), and the position. */
export const EntryCursorKey = keyOf(
  z.strictObject({ value: z.string().max(24), position: z.string().regex(/^\d{20}$/) }),
)

/** Where in an order of ids. */
export const IdCursorKey = keyOf(z.strictObject({ id: Id }))

/** Where in a run. */
export const RevisionCursorKey = keyOf(z.strictObject({ revision: z.int().nonnegative() }))

/** A cursor after `key`, for `query` alone. */
export const cursorOf = (query: CursorQuery, key: object): string =>
  Buffer.from(`[${VERSION},"${digestOf(query)}",${JSON.stringify(key)}]`).toString('base64url')

/** Where `cursor` ended; none where it is no cursor, or another query's. */
export const readCursor = <Key>(isKey: CursorKey<Key>, query: CursorQuery, cursor: string): Option<Key> => {
  const parts = jsonOf(Buffer.from(cursor, 'base64url').toString('utf8'))
  if (!Array.isArray(parts) || parts.length !== 3) return none
  const [version, digest, key] = parts as readonly unknown[]
  return version === VERSION && digest === digestOf(query) && isKey(key) ? some(key) : none
}

const VERSION = 1

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const digestOf = (query: CursorQuery): string => {
  if (query === last.query) return last.digest
  const text = JSON.stringify(query)
  const digest =
    text === last.text ? last.digest : hash('sha256', JSON.stringify(canonical(query)), 'base64url').slice(0, 12)
  last = { query, text, digest }
  return digest
}

// A page reads the digest of its cursor and writes it into the next, and whoever walks asks for page after page.
let last: Readonly<{ query: CursorQuery; text: string; digest: string }> = { query: {}, text: '', digest: '' }

/** Keys and lists in order, absent values left out. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical).sort()
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => ({ [key]: canonical(member) }))
}
