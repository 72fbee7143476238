import fc from 'fast-check'
import { none, some } from 'fp-ts/lib/Option.js'
import { describe, expect, test } from 'vitest'
import { isTime, msOf, parseTime, TimeInput, timeOf } from '../../src/run/time.ts'

describe('a time is read', () => {
  test.each([
    ['2011-10-01T00:38:44.546Z', '2011-10-01T00:38:44.546Z'],
    ['2011-10-01t00:38:44.546z', '2011-10-01T00:38:44.546Z'],
    ['2011-10-01T00:38:44.546+02:00', '2011-09-30T22:38:44.546Z'],
    ['2011-12-31T23:30:00-00:30', '2012-01-01T00:00:00.000Z'],
    ['2011-10-01T12:00:00-05:30', '2011-10-01T17:30:00.000Z'],
    ['2011-10-01T12:00:00-00:00', '2011-10-01T12:00:00.000Z'],
    ['2011-10-01T12:00:00+23:59', '2011-09-30T12:01:00.000Z'],
    ['2012-02-28T23:59:59-00:01', '2012-02-29T00:00:59.000Z'],
    // cut, not rounded
    ['2011-10-01T00:00:00.1Z', '2011-10-01T00:00:00.100Z'],
    ['2011-10-01T00:00:00.12+00:00', '2011-10-01T00:00:00.120Z'],
    ['2011-10-01T00:00:00.9999Z', '2011-10-01T00:00:00.999Z'],
    ['2011-12-31T23:59:59.999999999Z', '2011-12-31T23:59:59.999Z'],
    // leap days
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
    // the first and the last
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['1969-12-31T23:30:00-01:00', '1970-01-01T00:30:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s', (text, expected) => expect(parseTime(text)).toStrictEqual(some(expected)))
})

describe('no time is', () => {
  test.each([
    '',
    '2011-10-01',
    '2011-10-01T00:38Z',
    '2011-10-01T00:38:44',
    '2011-10-01 00:38:44Z',
    '2011-10-01T00:38:44.Z',
    '2011-10-01T00:38:44,5Z',
    '2011-10-01T00:38:44.1234567890Z',
    '2011-10-01T00:38:44+0200',
    '2011-10-01T00:38:44+02',
    '2011-10-01T00:38:44+24:00',
    '2011-10-01T00:38:44+02:60',
    '2011-10-01T24:00:00Z',
    '2011-10-01T23:60:00Z',
    '2011-12-31T23:59:60Z',
    '2011-00-01T00:00:00Z',
    '2011-13-01T00:00:00Z',
    '2011-01-00T00:00:00Z',
    '2011-01-32T00:00:00Z',
    '2011-04-31T00:00:00.000Z',
    '2011-02-29T00:00:00.000Z',
    '2100-02-29T00:00:00Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59.999-00:01',
    '0000-01-01T00:00:00Z',
    // Date.UTC would make these 1970 and 1999.
    '0070-01-01T00:00:00Z',
    '0099-12-31T23:59:00-23:00',
    '+2011-10-01T00:00:00Z',
    '10000-01-01T00:00:00Z',
    '2011-10-01T00:38:44.546Z\n',
    ' 2011-10-01T00:38:44.546Z',
    '٢٠١١-10-01T00:38:44.546Z',
  ])('%j', (text) => {
    expect(parseTime(text)).toStrictEqual(none)
    expect(isTime(text)).toBe(false)
  })
})

/** Days from 1970-01-01 in the proleptic Gregorian calendar, counted year by year. */
const daysTo = (year: number, month: number, day: number): number => {
  const isLeap = (y: number) => (y % 400 === 0 ? true : y % 100 === 0 ? false : y % 4 === 0)
  const before = (y: number) => 365 * y + Math.ceil(y / 4) - Math.ceil(y / 100) + Math.ceil(y / 400)
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  const length = lengths[month - 1]
  if (length === undefined || day < 1 || day > length) return Number.NaN
  return before(year) - before(1970) + lengths.slice(0, month - 1).reduce((sum, days) => sum + days, 0) + day - 1
}

const sometimesOut = (min: number, max: number) =>
  fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min, max }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 99 }) },
  )
const parts = fc.record({
  year: fc.oneof(fc.integer({ min: 1968, max: 2030 }), fc.integer({ min: 0, max: 9999 }), fc.constant(9999)),
  month: sometimesOut(1, 12),
  day: fc.oneof(sometimesOut(1, 31), fc.integer({ min: 28, max: 31 })),
  hour: sometimesOut(0, 23),
  minute: sometimesOut(0, 59),
  second: sometimesOut(0, 59),
  fraction: fc.oneof(fc.constant(''), fc.stringMatching(/^\d{3}$/), fc.stringMatching(/^\d{1,10}$/)),
  zone: fc.oneof(
    fc.constant(null),
    fc.record({ sign: fc.constantFrom(1, -1), hour: sometimesOut(0, 23), minute: sometimesOut(0, 59) }),
  ),
})
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never

const pad = (value: number, length = 2): string => String(value).padStart(length, '0')
const textOf = ({ year, month, day, hour, minute, second, fraction, zone }: Parts): string =>
  `${pad(year, 4)}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}${fraction && `.${fraction}`}` +
  (zone === null ? 'Z' : `${zone.sign === 1 ? '+' : '-'}${pad(zone.hour)}:${pad(zone.minute)}`)

/** Milliseconds since 1970, or NaN where there is no such time, reckoned without Date. */
const reckoned = ({ year, month, day, hour, minute, second, fraction, zone }: Parts): number => {
  if (hour > 23 || minute > 59 || second > 59 || fraction.length > 9) return Number.NaN
  if (zone !== null && (zone.hour > 23 || zone.minute > 59)) return Number.NaN
  const offset = zone === null ? 0 : zone.sign * (zone.hour * 60 + zone.minute)
  const minutes = daysTo(year, month, day) * 1440 + hour * 60 + minute - offset
  const ms = (minutes * 60 + second) * 1000 + Math.floor(Number(`0.${fraction}0`) * 1000 + 1e-7)
  return ms >= 0 && ms < daysTo(9999, 12, 31) * 86_400_000 + 86_400_000 ? ms : Number.NaN
}

test('every reading is what the calendar reckons', () => {
  const seen = { read: 0, refused: 0 }
  fc.assert(
    fc.property(parts, (given) => {
      const time = parseTime(textOf(given))
      const ms = reckoned(given)
      if (Number.isNaN(ms)) expect(time).toStrictEqual(none)
      else expect(time).toStrictEqual(some(timeOf(ms)))
      seen[Number.isNaN(ms) ? 'refused' : 'read'] += 1
    }),
    { numRuns: 3000 },
  )
  expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(300)
})

test('a time is 24 characters, stays as it is when read again, and sorts as text as it does in time', () =>
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      const [first, second] = [parseTime(textOf(a)), parseTime(textOf(b))]
      if (first._tag === 'None' || second._tag === 'None') return
      expect(first.value).toHaveLength(24)
      expect(isTime(first.value)).toBe(true)
      expect(parseTime(first.value)).toStrictEqual(first)
      expect(Math.sign(msOf(first.value) - msOf(second.value))).toBe(
        first.value < second.value ? -1 : first.value > second.value ? 1 : 0,
      )
    }),
    { numRuns: 1000 },
  ))

test.each(['2016-12-31T23:59:60Z', '2017-01-01T00:59:60.5+01:00', '1998-12-31t23:59:60z'])(
  'the leap second %s is refused by its own name',
  (text) => {
    const read = TimeInput.safeParse(text)
    expect(read.error?.issues.map(({ message }) => message)).toEqual([expect.stringContaining('leap second')])
  },
)

test('what only looks like a leap second is refused as no time', () =>
  expect(TimeInput.safeParse('2016-12-31T23:60:00Z').error?.issues[0]?.message).toContain('RFC 3339'))
