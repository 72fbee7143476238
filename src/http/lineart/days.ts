/** The days that Lineart's lists and figures are asked for: in UTC, both included. */

import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { z } from 'zod'
import { parseTime, type Time, timeOf } from '../../run/time.ts'

const DAY_MS = 86_400_000

/** The beginning of the day, in ms. A time without a zone is in UTC. */
const Day = z
  .string()
  .transform((text, context): number => {
    const day = dayOf(text)
    if (day !== null) return day
    context.addIssue({ code: 'custom', message: 'must be a date, or a time, like 2026-05-04' })
    return z.NEVER
  })
  .optional()

const dayOf = (text: string): number | null => {
  // A + in a query is a space.
  const written = text.replace(' ', text.includes('T') ? '+' : 'T')
  const time = /^\d{4}-\d\d-\d\d$/.test(written) ? `${written}T00:00:00Z` : written
  return pipe(
    parseTime(/(?:[zZ]|[+-]\d\d:\d\d)$/.test(time) ? time : `${time}Z`),
    O.match(
      () => null,
      (at) => Math.floor(Date.parse(at) / DAY_MS) * DAY_MS,
    ),
  )
}

export const DaysQuery = { start_date: Day, end_date: Day }

export type Days = Readonly<{ start_date?: number | undefined; end_date?: number | undefined }>

/** `after` is the first moment, `before` the first one that is too late; undefined without a bound. */
export type Span = Readonly<{ after: Time | undefined; before: Time | undefined }>

export const spanOf = ({ start_date, end_date }: Days): Span => ({
  after: start_date === undefined ? undefined : timeOf(start_date),
  before: end_date === undefined ? undefined : timeOf(Math.min(end_date + DAY_MS, LAST)),
})

// No run is created later.
const LAST = Date.parse('9999-12-31T23:00:00Z')

/** The last 30 days up to the day of `now` where a bound is not given. */
export const lastDays = ({ start_date, end_date }: Days, now: Time): Days => {
  const today = Math.floor(Date.parse(now) / DAY_MS) * DAY_MS
  return { start_date: start_date ?? today - 30 * DAY_MS, end_date: end_date ?? today }
}
