/** Cursors: opaque texts that hold where a page ended, each bound to its query. */
import { hash } from 'node:crypto'
import { none, type Option, some } from 'fp-ts/lib/Option.js'
import { z } from 'zod'
import { Id } from '../run/run.ts'
import { isTime } from '../run/time.ts'

/** What identifies a paged query: filters and sort, not the size of a page. The order of values does not matter. */
export type CursorQuery = Readonly<Record<string, unknown>>

/** Whether the content of a cursor is a key of this order. */
export type CursorKey<Key> = (held: unknown) => held is Key

const keyOf =
  <Key>(schema: z.ZodType<Key>): CursorKey<Key> =>
  (held): held is Key =>
    schema.safeParse(held).success

/** The end of a page of runs: the value of the sort column and the run. */
export const RunCursorKey = keyOf(z.strictObject({ value: z.string().refine(isTime), run_id: Id }))

/** The end of a page of Entries: the position or `occurred_at` ('' where that cannot be read), and the position. */
export const EntryCursorKey = keyOf(
  z.strictObject({ value: z.string().max(24), position: z.string().regex(/^\d{20}$/) }),
)

/** The end of a page of a list that is sorted by id. */
export const IdCursorKey = keyOf(z.strictObject({ id: Id }))

/** The end of a page of the events of a run. */
export const RevisionCursorKey = keyOf(z.strictObject({ revision: z.int().nonnegative() }))

/** A cursor that goes on after `key`, valid for `query` only. */
export const cursorOf = (query: CursorQuery, key: object): string =>
  Buffer.from(`[${VERSION},"${digestOf(query)}",${JSON.stringify(key)}]`).toString('base64url')

/** The key in `cursor`; none where it is not a cursor of `query`. */
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

// Each page checks the digest in its cursor and writes it into the next, and pages of one query follow one another.
let last: Readonly<{ query: CursorQuery; text: string; digest: string }> = { query: {}, text: '', digest: '' }

/** With keys and lists sorted, and without absent values. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical).sort()
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => ({ [key]: canonical(member) }))
}
