import { expect, test } from 'vitest'
import { type Figure, inTurn, summaryOf } from '../../bench/measure.ts'
import { growthOf } from '../../bench/support/lag.ts'

const figure = (ours: readonly number[], floor: readonly number[], goal: Figure['goal']): Figure => ({
  name: 'a figure',
  unit: 's',
  ours,
  against: { what: 'a floor', values: floor },
  goal,
})

test('the ratio is that of the medians, with the least and greatest of single rounds', () => {
  const { median, least, most, ratio } = summaryOf(figure([3, 1, 2], [2, 1, 4], null))
  expect({ median, least, most }).toEqual({ median: 2, least: 1, most: 3 })
  expect(ratio).toEqual({ median: 1, least: 0.5, most: 1.5 })
})

test('a goal bounds the ratio or our own value, from below or from above', () => {
  const met = (goal: Figure['goal']) => summaryOf(figure([6], [4], goal)).met
  expect(met({ of: 'ratio', is: 'at most', limit: 1.5 })).toBe('yes')
  expect(met({ of: 'ratio', is: 'at most', limit: 1.4 })).toBe('no')
  expect(met({ of: 'ratio', is: 'at least', limit: 1.6 })).toBe('no')
  expect(met({ of: 'value', is: 'at most', limit: 5.9 })).toBe('no')
  expect(met({ of: 'value', is: 'at least', limit: 6 })).toBe('yes')
  expect(met(null)).toBe(null)
})

test('a goal is met where every round reaches it', () => {
  const met = (ours: readonly number[]) =>
    summaryOf(figure(ours, [1, 1, 1], { of: 'ratio', is: 'at most', limit: 2 })).met
  expect(met([1, 2, 1.5])).toBe('yes')
  expect(met([1, 3, 1.5])).toBe('at its goal')
  expect(met([3, 3, 2])).toBe('at its goal')
  expect(met([3, 4, 2.1])).toBe('no')
})

test('a value that could not be measured reaches no goal', () => {
  const unmeasured = figure([Number.NaN], [1], { of: 'ratio', is: 'at most', limit: 2 })
  expect(summaryOf(unmeasured).met).toBe('no')
})

test('sides run once a round, and who begins turns', async () => {
  const order: string[] = []
  const bench = {
    quick: true,
    rounds: 3,
    seconds: 0,
    warmUpSeconds: 0,
    directory: '',
    shared: '',
    cache: '',
    say: () => undefined,
  }
  const side = (name: string) => async () => order.push(name)
  const results = await inTurn(bench, { ours: side('ours'), floor: side('floor') })
  expect(order).toEqual(['ours', 'floor', 'floor', 'ours', 'ours', 'floor'])
  expect(results).toEqual({ ours: [1, 4, 5], floor: [2, 3, 6] })
})

test('lag that keeps pace has no growth, whatever it swings; lag that falls behind grows by the difference', () => {
  const samples = (lag: (second: number) => number) =>
    Array.from({ length: 41 }, (_, at) => ({ at: at * 100, lag: lag(at / 10) }))
  expect(Math.abs(growthOf(samples((second) => 100 + (Math.round(second * 10) % 2) * 50)))).toBeLessThan(1)
  expect(growthOf(samples((second) => 40 + 300 * second))).toBeCloseTo(300)
})
