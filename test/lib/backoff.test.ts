import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoff } from '../../src/lib/backoff.ts'

const policy = { minDelay: 100, maxDelay: 5_000 }

test('a wait lies between the shortest and the longest, however many failures went before', () =>
  fc.assert(
    fc.property(fc.nat(2_000), (failures) => {
      const wait = backoff(policy, failures)
      expect(wait).toBeGreaterThanOrEqual(policy.minDelay)
      expect(wait).toBeLessThanOrEqual(policy.maxDelay)
    }),
  ))

test.each([
  [0, 100, 200],
  [1, 200, 400],
  [3, 800, 1_600],
  [5, 2_500, 5_000],
  [40, 2_500, 5_000],
])('after %i failures the wait is anywhere from %i to %i ms', (failures, least, most) => {
  const waits = Array.from({ length: 500 }, () => backoff(policy, failures))
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(least)
  expect(Math.max(...waits)).toBeLessThanOrEqual(most)
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan((most - least) / 2)
})
