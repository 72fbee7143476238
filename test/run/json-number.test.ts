import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lossIn } from '../../src/run/json-number.ts'
import { isHeldByDouble, numberToken } from '../support/json-numbers.ts'

describe('a double says what was written', () => {
  test.each([
    ...['0', '-0', '0.000', '0e-99999', '1', '-17', '0.1', '1.10', '100e-2', '4.35', '0.30000000000000004'],
    // As many digits as were written come back, though the double is not 0.1 exactly.
    ...['0.10000000000000001', '9007199254740991', '9007199254740991.0', '1e21', '1e23', '1e308'],
    ...['5e-324', '1e-323', '2.2250738585072014e-308', '1.7976931348623157e308'],
    ...[`1.${'0'.repeat(200)}`, `0.${'0'.repeat(300)}1`],
  ])('%.40s', (source) => expect(lossIn(source)).toBeNull())
})

describe('a double says something else than what was written', () => {
  test.each([
    ...['9007199254740992', '-9007199254740993', '9007199254740993.0', '1e16', '1E+20'].map((source) => [
      source,
      'an integer beyond ±(2^53−1)',
    ]),
    ...['1e309', '-1e400', '9'.repeat(400)].map((source) => [source, 'a number too large for a double']),
    ...['1e-324', '-1e-400', '2e-324'].map((source) => [source, 'a number too small for a double']),
    ...[
      '9007199254740991.4',
      '0.1234567890123456789',
      '3.14159265358979323846e2',
      '3e-324',
      '1.7976931348623158e308',
    ].map((source) => [source, 'a number with more digits than a double holds']),
    [`0.${'3'.repeat(101)}`, 'a number of more than 100 digits'],
    [`1.${'0'.repeat(100)}1`, 'a number of more than 100 digits'],
  ])('%.40s: %s', (source = '', loss) => expect(lossIn(source)).toBe(loss))
})

test('whether it does is what exact arithmetic says', () => {
  const seen = { held: 0, lost: 0 }
  fc.assert(
    fc.property(numberToken, (source) => {
      const held = isHeldByDouble(source)
      expect([source, lossIn(source) === null]).toEqual([source, held])
      seen[held ? 'held' : 'lost'] += 1
    }),
    { numRuns: 5000 },
  )
  expect(Math.min(seen.held, seen.lost)).toBeGreaterThan(500)
})

test('every double is held as JavaScript writes it, but the integers that I-JSON forbids', () =>
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const isForbidden = Number.isInteger(value) && Math.abs(value) < 1e21 && !Number.isSafeInteger(value)
      expect(lossIn(JSON.stringify(value)) === null).toBe(!isForbidden)
    }),
    { numRuns: 2000 },
  ))

test('a double half-way between two decimals is held as JavaScript writes it', () => {
  expect(lossIn('1347191882963306.2')).toBeNull()
  expect(lossIn('1347191882963306.1')).not.toBeNull()
})

test('a million digits take no longer than it takes to look at them', () => {
  const began = process.cpuUsage().user
  expect(lossIn(`1.${'0'.repeat(1_000_000)}1`)).not.toBeNull()
  // Quadratic time would be minutes.
  expect(process.cpuUsage().user - began).toBeLessThan(10_000_000)
})
