/** What query parameters are made of. */
import { z } from 'zod'
import { TimeInput } from '../run/time.ts'

/** At most this many values of one filter. */
const MAX_VALUES = 100

/** A time. An unescaped + means a space in a query, and no time has a space in it: the offset's sign was meant. */
export const QueryTime = z
  .string()
  .transform((text) => text.replace(' ', '+'))
  .pipe(TimeInput)
  .meta({ type: 'string', format: 'date-time', example: '2026-05-04T09:30:00.000Z' })

/** A filter that may be repeated: any of its values. */
export const anyOf = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z.array(schema).max(MAX_VALUES, `at most ${MAX_VALUES} values may be given`),
    )
    .optional()

/** A whole number of `least` to `most`. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .transform((text, context): number => {
      const value = wholeNumberIn(text, least, most)
      if (value !== null) return value
      context.addIssue({ code: 'custom', message: `must be a whole number of ${least} to ${most}` })
      return z.NEVER
    })
    .meta({ type: 'integer', minimum: least, maximum: most })

/** The whole number of `least` to `most` that `text` is; null where it is none. */
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

/** How many a page holds at most where nothing is said. */
export const PAGE_SIZE = 50

export const MOST_A_PAGE = 1000

/** The size of a page; without a default, for queries that do not always come in pages. */
export const Limit = wholeNumber(1, MOST_A_PAGE).meta({
  description: `at most so many a page, ${PAGE_SIZE} if not given`,
})

export const Cursor = z.string().meta({ description: 'the `next_cursor` of the page before, with the same query' })

/** Which page of a list that has neither filters nor sorts. */
export const PageQuery = z.strictObject({
  limit: Limit.default(PAGE_SIZE).meta({ default: PAGE_SIZE }),
  cursor: Cursor.optional(),
})
export type PageQuery = Readonly<z.output<typeof PageQuery>>
