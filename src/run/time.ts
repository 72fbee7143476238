/** Times: RFC 3339 in UTC with milliseconds and `Z`, always 24 characters, so that text order is time order. */
import { none, type Option, some } from 'fp-ts/lib/Option.js'
import { z } from 'zod'

/** `2011-10-01T00:38:44.546Z`, years 1970 to 9999. */
export type Time = string

// Both leave open only how many days the month has.
const RFC_3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/
/** The form of a Time; it may name a day that its month has not. */
export const TIME =
  /^(?:19[7-9]\d|[2-9]\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

const EARLIEST: Time = '1970-01-01T00:00:00.000Z'

/**
 * Reads an RFC 3339 date-time with any offset and 0 to 9 fractional digits, cut (not rounded) to milliseconds.
 * None where the text is of another form, names a day or an hour that does not exist or a leap second (no clock here
 * counts them), or falls outside the years 1970 to 9999 in UTC.
 */
export const parseTime = (text: string): Option<Time> => {
  if (isTime(text)) return some(text)
  // Before anything reckons with the year: Date.UTC takes 0 to 99 for 1900 to 1999.
  if (!RFC_3339.test(text) || !hasDay(text) || text < '1969') return none
  const time = `${dayAndMinute(text)}${text.slice(16, 19)}.${milliseconds(text)}Z`
  // The year 10000 is written with a `+`, which sorts before any digit.
  return time >= EARLIEST ? some(time) : none
}

/** `text` up to its minute, in UTC. */
const dayAndMinute = (text: string): string => {
  const minutes = digits(text, 11, 13) * 60 + digits(text, 14, 16) - offsetOf(text)
  if (minutes >= 0 && minutes < 1440)
    return `${text.slice(0, 10)}T${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return timeOf(Date.UTC(digits(text, 0, 4), digits(text, 5, 7) - 1, digits(text, 8, 10), 0, minutes)).slice(0, -8)
}

/** Whether `text` is a Time as it stands. */
export const isTime = (text: string): boolean => text.length === 24 && TIME.test(text) && hasDay(text)

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Whether the month of `text`, which has the form of a time, has its day. */
export const hasDay = (text: string): boolean => {
  const day = digits(text, 8, 10)
  if (day <= 28) return true
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 7)
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= (month === 2 && isLeap ? 29 : (DAYS[month - 1] as number))
}

/** The number that the digits of `text` in [`from`, `to`) make. */
const digits = (text: string, from: number, to: number): number => {
  let number = 0
  for (let at = from; at < to; at += 1) number = number * 10 + text.charCodeAt(at) - ZERO
  return number
}

const ZERO = 0x30

const two = (number: number): string => (number < 10 ? `0${number}` : `${number}`)

/** The first three fractional digits of `text`. */
const milliseconds = (text: string): string =>
  text.charAt(19) === '.' ? (/^\d{1,3}/.exec(text.slice(20, 23))?.[0] ?? '').padEnd(3, '0') : '000'

/** How far the zone that `text` ends with is ahead of UTC, in minutes. */
const offsetOf = (text: string): number => {
  const at = text.length - 6
  const sign = text.charAt(at)
  if (sign !== '+' && sign !== '-') return 0
  const minutes = digits(text, at + 1, at + 3) * 60 + digits(text, at + 4, at + 6)
  return sign === '-' ? -minutes : minutes
}

/** The Time of `ms` milliseconds since 1970-01-01T00:00:00Z. */
export const timeOf = (ms: number): Time => {
  // A busy ledger asks for the present many times within one millisecond.
  if (ms !== latest.ms) latest = { ms, time: new Date(ms).toISOString() }
  return latest.time
}

let latest = { ms: 0, time: '1970-01-01T00:00:00.000Z' }

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const msOf = (time: Time): number => Date.parse(time)

const LEAP_SECOND = /^.{10}[Tt]\d\d:\d\d:60/
const NO_LEAP_SECOND = 'must not be a leap second, which no clock here counts: send second 59.999'
const NO_TIME =
  'must be an RFC 3339 time with an offset, a year of 1970 to 9999 and at most 9 fractional digits, like 2011-10-01T00:38:44.546+02:00'

/** A time as callers send it; its output is a Time. */
export const TimeInput = z
  .string()
  .transform((text, context): Time => {
    const time = parseTime(text)
    if (time._tag === 'Some') return time.value
    context.addIssue({ code: 'custom', message: LEAP_SECOND.test(text) ? NO_LEAP_SECOND : NO_TIME })
    return z.NEVER
  })
  .meta({ format: 'date-time', example: '2026-05-04T09:30:00.000Z' })
