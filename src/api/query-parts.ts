/** Schemas of query parameters that several routes share. */
import { z } from 'zod'
import { TimeInput } from '../run/time.ts'

/** At most this many values of one filter. */
const MAX_VALUES = 100

/** A time. An unescaped + in a query means a space; no time contains a space, so it is read as the sign of the offset. */
export const QueryTime = z
  .string()
  .transform((text) => text.replace(' ', '+'))
  .pipe(TimeInput)
  .meta({ type: 'string', format: 'date-time', example: '2026-05-04T09:30:00.000Z' })

/** A filter that may be repeated: matches any of its values. */
export const anyOf = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z.array(schema).max(MAX_VALUES, `at most ${MAX_VALUES} values may be given`),
    )
    .optional()

/** A whole number from `least` to `most`. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .transform((text, context): number => {
      const value = wholeNumberIn(text, least, most)
      if (value !== null) return value
      context.addIssue({ code: 'custom', message: `must be a whole number from ${least} to ${most}` })
      return z.NEVER
    })
    .meta({ type: 'integer', minimum: least, maximum: most })

/** The whole number in `text`; null where it is none from `least` to `most`. */
export const wholeNumberIn = (text: string, least: number, most: number): number | null => {
  const value = /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : -1
  return value >= least && value <= most ? value : null
}

export const flag = z
  .string()
  .transform((text, context): boolean => {
    if (text === 'true' || text === 'false') return text === 'true'
    context.addIssue({ code: 'custom', message: 'must be true or false' })
    return z.NEVER
  })
  .meta({ type: 'boolean' })

/** The default size of a page. */
export const PAGE_SIZE = 50

/** The size of a page. Without a default, for queries that are not always paged. */
export const Limit = wholeNumber(1, 1000).meta({
  description: `the most items on a page, by default ${PAGE_SIZE}`,
})

export const Cursor = z.string().meta({ description: 'the `next_cursor` of the previous page of the same query' })

/** Which page of a list without filters and sorts. */
export const PageQuery = z.strictObject({
  limit: Limit.default(PAGE_SIZE).meta({ default: PAGE_SIZE }),
  cursor: Cursor.optional(),
})
export type PageQuery = Readonly<z.output<typeof PageQuery>>
