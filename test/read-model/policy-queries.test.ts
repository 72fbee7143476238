import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { binOf, durationOf } from '../../projections/policy-version-stats.ts'
import { LARGE, SMALL } from '../../src/read-model/queries/keyset-pagination.ts'
import type { PolicyStatsQuery } from '../../src/read-model/read-model.ts'
import { createAnswerers } from '../../src/read-model/sqlite/reading/questions.ts'
import { countedBy, durationsOf, isCompleted, percentileOf, runsAt, seenIn } from '../support/oracles/oracle.ts'
import { interleaved, openOwnReadModel, positionAt, storedAs } from '../support/read-model/read-models.ts'
import { completed, created, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

const time = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString()
const HOUR = 3_600_000
const pick = <T>(from: readonly T[], i: number): T => from[i % from.length] as T

/** Run `i` of some hour of three days; its duration is anything from nothing to months. */
const eventsOf = (i: number) => {
  const begin = ((i * 7) % 60) * HOUR + i * 997
  const duration = i % 11 === 0 ? 0 : Math.floor(1.37 ** (i % 70))
  return [
    created({ policy_version_id: 'policy-1', occurred_at: time(begin) }),
    ...(i % 5 === 4 ? [] : [started({ occurred_at: time(begin) })]),
    ...(i % 5 > 2
      ? []
      : [
          completed({
            status: pick(['SUCCESS', 'SUCCESS', 'FAILURE', 'CANCELLED'] as const, i),
            result: pick(['APPROVED', 'DECLINED', null], i),
            occurred_at: time(begin + duration),
          }),
        ]),
  ]
}

const log = interleaved(new Map(Array.from({ length: 700 }, (_, i) => [`run-${i}`, eventsOf(i)])), [3, 1, 4, 1, 5])
const runs = runsAt(seenIn(log))

const statsOf = async (query: Omit<PolicyStatsQuery, 'policy_version_id'>) => {
  const own = await openOwnReadModel()
  await own.project(log.slice(0, 600))
  await own.project(log.slice(600))
  return rightOf(await own.readModel.policyStats({ policy_version_id: 'policy-1', ...query })()).buckets
}

test.each(['hour', 'day', 'total'] as const)('figures by %s are those of the runs created in each', async (bucket) => {
  const buckets = await statsOf({ bucket })
  expect(buckets.reduce((sum, each) => sum + each.runs, 0)).toBe(runs.length)
  expect(buckets.length).toBe({ hour: 60, day: 3, total: 1 }[bucket])
  for (const { from, to, duration_ms, ...figures } of buckets) {
    const inside = runs.filter(({ created_at }) => created_at >= from && created_at < to)
    const done = inside.filter(isCompleted)
    expect(figures.runs).toBe(inside.length)
    expect(figures.by_status).toEqual(countedBy(inside.map(({ status }) => status)))
    const rate = done.filter(({ status }) => status === 'FAILURE').length / done.length
    expect(figures.error_rate).toBe(done.length === 0 ? null : rate)
    const results = countedBy(done.map(({ result }) => String(result)))
    expect(Object.fromEntries(figures.results.map(({ result, count }) => [String(result), count]))).toEqual(results)
    for (const { count, share } of figures.results) expect(share).toBe(count / done.length)
    const durations = durationsOf(inside)
    const mean = durations.length === 0 ? null : durations.reduce((sum, each) => sum + each, 0) / durations.length
    expect(duration_ms).toMatchObject({
      count: durations.length,
      mean,
      min: durations[0] ?? null,
      max: durations.at(-1) ?? null,
    })
    for (const [name, percent] of [
      ['p50', 50],
      ['p95', 95],
      ['p99', 99],
    ] as const) {
      if (durations.length === 0) expect(duration_ms[name]).toBeNull()
      else expectWithin(duration_ms[name] as number, percentileOf(durations, percent))
    }
  }
})

const expectWithin = (found: number, exact: number): void => {
  expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact / 100)
}

test('a span asked for is all that is counted, and is the span of the total', async () => {
  const [from, to] = [time(2 * HOUR), time(30 * HOUR)]
  const [total] = await statsOf({ bucket: 'total', from, to })
  expect(total).toMatchObject({
    from,
    to,
    runs: runs.filter(({ created_at }) => created_at >= from && created_at < to).length,
  })
  expect((await statsOf({ bucket: 'hour', from, to })).map((bucket) => bucket.from)).toEqual(
    Array.from({ length: 28 }, (_, i) => time((2 + i) * HOUR)),
  )
})

test('figures of many hours are left to another thread, which answers the same', async () => {
  const own = await openOwnReadModel()
  const hours = 1_200
  await own.project(
    Array.from({ length: hours }, (_, i) =>
      storedAs(`run-${i}`, 0, i + 1, created({ policy_version_id: 'policy-1', occurred_at: time(i * HOUR) })),
    ),
  )
  const db = new DatabaseSync(own.path)
  onTestFinished(() => db.close())
  const { stats } = createAnswerers(db)
  const query = { policy_version_id: 'policy-1', bucket: 'hour' } as const
  expect(stats(query, SMALL)).toBeNull()
  expect(stats({ ...query, from: time(0), to: time(2 * HOUR) }, SMALL)?.buckets.length).toBe(2)
  const { position, buckets } = rightOf(await own.readModel.policyStats(query)())
  expect(position).toBe(positionAt(hours))
  expect(buckets.length).toBe(hours)
  expect(buckets).toStrictEqual(stats(query, LARGE)?.buckets)
})

test('a policy version without runs has no figures', async () => {
  const own = await openOwnReadModel()
  await own.project([storedAs('run-1', 0, 1, created())])
  const query = { policy_version_id: 'unknown', bucket: 'total' } as const
  expect(rightOf(await own.readModel.policyStats(query)()).buckets).toEqual([])
})

test('a bin stands within 1 % for every duration in it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(5_000), fc.integer({ min: 0, max: 260_000_000_000_000 })), (duration) =>
      expectWithin(durationOf(binOf(duration)), duration),
    ),
    { numRuns: 2_000 },
  )
})
