/**
 * The queries of lists: what nearly every one asks for, read without its schema, which would look for every parameter
 * that there is. What is read is what the schema would make of it; of all else the schema decides. A test holds the two equal.
 */
import type { z } from 'zod'
import { ID, STATUS } from '../run/run.ts'
import { isTime } from '../run/time.ts'
import { AuditQuery, ENTRY_FORMATS, ENTRY_SORTS } from './entries.ts'
import { MOST_A_PAGE, PAGE_SIZE, PageQuery, wholeNumberIn } from './query-parts.ts'
import { RUN_SORTS, RunListQuery } from './run-query.ts'

type Read = (text: string) => unknown

/** How each parameter is read: null where the schema is to decide. `absent`: what stands for those that are not given. */
export type QueryShape = Readonly<{ parameters: ReadonlyMap<string, Read>; absent: Readonly<Record<string, unknown>> }>

/** What `query` asks for; null where the schema is to decide. */
export const readQuery = (
  { parameters, absent }: QueryShape,
  query: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | null => {
  const asked: Record<string, unknown> = { ...absent }
  for (const name in query) {
    const text = query[name]
    const value = typeof text === 'string' ? (parameters.get(name)?.(text) ?? null) : null
    if (value === null) return null
    asked[name] = value
  }
  return asked
}

const asItIs =
  (accepts: (text: string) => boolean): Read =>
  (text) =>
    accepts(text) ? text : null

const only =
  (accepts: (text: string) => boolean): Read =>
  (text) =>
    accepts(text) ? [text] : null

const oneOf = (texts: readonly string[]): Read => asItIs((text) => texts.includes(text))

const id = (text: string): boolean => ID.test(text)
const printable = (text: string): boolean => /^[\x20-\x7e]{1,255}$/.test(text)
const textUpTo = (length: number) => (text: string) => text.length <= length
const time = asItIs(isTime)
const page = { limit: (text: string) => wholeNumberIn(text, 1, MOST_A_PAGE), cursor: asItIs(() => true) }

const shapeOf = (parameters: Readonly<Record<string, Read>>, absent: QueryShape['absent']): QueryShape => ({
  parameters: new Map(Object.entries(parameters)),
  absent,
})

export const QUERY_SHAPES: ReadonlyMap<z.ZodType, QueryShape> = new Map<z.ZodType, QueryShape>([
  [
    AuditQuery,
    shapeOf(
      {
        actor: only(printable),
        type: only((text) => text !== '' && text.length <= 256),
        run_id: only(id),
        policy_version_id: only(id),
        run_group_id: only(id),
        command_id: only(printable),
        correlation_id: only(printable),
        occurred_after: time,
        occurred_before: time,
        recorded_after: time,
        recorded_before: time,
        sort: oneOf(ENTRY_SORTS),
        format: oneOf(ENTRY_FORMATS),
        ...page,
      },
      { sort: '-position' },
    ),
  ],
  [
    RunListQuery,
    shapeOf(
      {
        status: only((text) => STATUS.test(text)),
        result: only(textUpTo(256)),
        run_group_id: only(id),
        policy_version_id: only(id),
        created_after: time,
        created_before: time,
        updated_after: time,
        updated_before: time,
        as_of: time,
        known_at: time,
        sort: oneOf(RUN_SORTS),
        ...page,
      },
      { sort: '-created_at', limit: PAGE_SIZE, count: false },
    ),
  ],
  [PageQuery, shapeOf(page, { limit: PAGE_SIZE })],
])
