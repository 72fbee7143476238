/** Times: RFC 3339 in UTC with milliseconds and `Z`, always 24 characters, so that text order is time order. */
import { none, type Option, some } from 'fp-ts/lib/Option.js'
import { z } from 'zod'

/** `2011-10-01T00:38:44.546Z`, years 1970 to 9999. */
export type Time = string

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

const EARLIEST_MS = 0
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/**
 * Reads an RFC 3339 date-time with any offset and 0 to 9 fractional digits, cut (not rounded) to milliseconds.
 * None where the text is of another form, names a day or an hour that does not exist, a leap second (no clock here
 * can count one), or falls outside the years 1970 to 9999 in UTC.
 */
export const parseTime = (text: string): Option<Time> => {
  const match = RFC_3339.exec(text)
  if (match === null) return none
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] = match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return none
  if (sign !== undefined && (Number(offsetHour) > 23 || Number(offsetMinute) > 59)) return none
  if (!isDay(Number(year), Number(month), Number(day))) return none
  const ms = fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0'))
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), ms)
  const offset = sign === undefined ? 0 : (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000
  const utc = sign === '-' ? local + offset : local - offset
  return Number(year) > 0 && utc >= EARLIEST_MS && utc <= LATEST_MS ? some(timeOf(utc)) : none
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const isDay = (year: number, month: number, day: number): boolean => {
  if (month < 1 || month > 12 || day < 1) return false
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return day <= (month === 2 && isLeap ? 29 : (DAYS[month - 1] as number))
}

/** The Time of `ms` milliseconds since 1970-01-01T00:00:00Z. */
export const timeOf = (ms: number): Time => new Date(ms).toISOString()

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const msOf = (time: Time): number => Date.parse(time)

/** A time as callers send it; its output is a Time. */
export const TimeInput = z
  .string()
  .transform((text, context): Time => {
    const time = parseTime(text)
    if (time._tag === 'Some') return time.value
    context.addIssue({
      code: 'custom',
      message:
        'must be an RFC 3339 time with an offset, a year of 1970 to 9999 and at most 9 fractional digits, like 2011-10-01T00:38:44.546+02:00',
    })
    return z.NEVER
  })
  .meta({ format: 'date-time', example: '2026-05-04T09:30:00.000Z' })
