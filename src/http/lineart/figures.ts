/** Figures of a policy by day of creation, in the shapes that Lineart's charts read. Times are in seconds, rates in per cent. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { PolicyBucket } from '../../read-model/read-model.ts'
import type { Refusal } from '../response/problem-response.ts'
import { readRefusal } from '../response/read-problems.ts'
import type { ServerParts } from '../server-parts.ts'
import type { Span } from './days.ts'

/** What was created on a day, over all versions asked for. */
export type Day = Readonly<{ date: string; buckets: readonly PolicyBucket[] }>

/** The days of `span` on which runs were created, in order. */
export const daysOf = (
  { readModel }: ServerParts,
  versions: readonly string[],
  { after, before }: Span,
): TE.TaskEither<Refusal, readonly Day[]> =>
  after !== undefined && before !== undefined && after >= before
    ? TE.right([])
    : pipe(
        versions,
        TE.traverseSeqArray((policy_version_id) =>
          pipe(
            readModel.policyStats({ policy_version_id, from: after, to: before, bucket: 'day' }),
            TE.mapLeft(readRefusal),
          ),
        ),
        TE.map((stats) => {
          const days = Map.groupBy(
            stats.flatMap(({ buckets }) => buckets),
            ({ from }) => from.slice(0, 'yyyy-mm-dd'.length),
          )
          return [...days].map(([date, buckets]) => ({ date, buckets })).sort((a, b) => (a.date < b.date ? -1 : 1))
        }),
      )

type Row = Readonly<Record<string, string | number | null>>

/** Of the runs that completed; days on which none did are left out. */
export const durations = (days: readonly Day[]): readonly Row[] =>
  days.flatMap(({ date, buckets }) => {
    const completed = buckets.map(({ duration_ms }) => duration_ms).filter(({ count }) => count > 0)
    if (completed.length === 0) return []
    const count = sumOf(completed.map((each) => each.count))
    return [
      {
        date,
        avg_duration: sumOf(completed.map(({ mean, count: runs }) => (mean ?? 0) * runs)) / count / 1_000,
        min_duration: Math.min(...completed.map(({ min }) => min ?? 0)) / 1_000,
        max_duration: Math.max(...completed.map(({ max }) => max ?? 0)) / 1_000,
      },
    ]
  })

/** Means of the runs that came to each status, each status a key; null on a day on which none came to it. */
export const durationsByStatus = (days: readonly Day[]): readonly Row[] => {
  const means = days
    .map(({ date, buckets }) => ({ date, byStatus: meansOf(buckets) }))
    .filter(({ byStatus }) => byStatus.size > 0)
  const names = [...new Set(means.flatMap(({ byStatus }) => [...byStatus.keys()]))].sort()
  return means.map(({ date, byStatus }) => ({
    date,
    ...Object.fromEntries(names.map((name) => [name, byStatus.get(name) ?? null])),
  }))
}

/** In seconds, over the versions; CANCELLED is a FAILURE. */
const meansOf = (buckets: readonly PolicyBucket[]): ReadonlyMap<string, number> => {
  const parts = buckets.flatMap(({ mean_ms_by_status, by_status }) =>
    Object.entries(mean_ms_by_status).map(([status, mean]) => ({
      status: status === 'CANCELLED' ? 'FAILURE' : status,
      mean,
      runs: by_status[status] ?? 0,
    })),
  )
  return new Map(
    [...Map.groupBy(parts, ({ status }) => status)].map(([status, of]) => [
      status,
      sumOf(of.map(({ mean, runs }) => mean * runs)) / sumOf(of.map(({ runs }) => runs)) / 1_000,
    ]),
  )
}

/** How many runs, and how many of a hundred failed. */
export const counts = (days: readonly Day[]): readonly Row[] =>
  days.map(({ date, buckets }) => {
    const count = sumOf(buckets.map(({ runs }) => runs))
    const failed = sumOf(buckets.map(({ by_status }) => (by_status['FAILURE'] ?? 0) + (by_status['CANCELLED'] ?? 0)))
    return { date, count, error_rate: (100 * failed) / count }
  })

/**
 * How many runs came to each result, and how many of a hundred: `"date,"`, `"count,APPROVED"`, `"percentage,APPROVED"`, as the
 * two-level columns of its tables become keys of JSON. Runs without a result are under `None`. Each day has every result.
 */
export const outcomes = (days: readonly Day[]): readonly Row[] => {
  const counted = days.map(({ date, buckets }) => ({ date, ...resultsOf(buckets) }))
  const names = [...new Set(counted.flatMap(({ results }) => [...results.keys()]))].sort()
  return counted.map(({ date, total, results }) => ({
    'date,': date,
    ...Object.fromEntries(names.map((name) => [`count,${name}`, results.get(name) ?? 0])),
    ...Object.fromEntries(names.map((name) => [`percentage,${name}`, (100 * (results.get(name) ?? 0)) / total])),
  }))
}

const resultsOf = (buckets: readonly PolicyBucket[]) => {
  const total = sumOf(buckets.map(({ runs }) => runs))
  const results = new Map<string, number>()
  const add = (name: string, count: number) => results.set(name, (results.get(name) ?? 0) + count)
  for (const { result, count } of buckets.flatMap((bucket) => bucket.results)) add(result ?? NONE, count)
  const without = total - sumOf(results.values())
  if (without > 0) add(NONE, without)
  return { total, results }
}

const NONE = 'None'

const sumOf = (numbers: Iterable<number>): number => {
  let sum = 0
  for (const number of numbers) sum += number
  return sum
}
