/** Figures of a policy version as its page asks for them, and as charts and table show them. */
import type { ledger } from '../lib/ledger.ts'

type Stats = Extract<Awaited<ReturnType<typeof ledger.getPolicyStats>>, { _tag: 'Right' }>['right']
export type Bucket = Stats['data'][number]
export type Size = 'hour' | 'day'

const MS: Readonly<Record<Size, number>> = { hour: 3_600_000, day: 86_400_000 }

/** The edges around a range that was dragged over; at least one bucket. */
export const edgesAround = (size: Size, from: number, to: number): Readonly<{ from: string; to: string }> => {
  const first = Math.floor(from / MS[size])
  const last = Math.max(first + 1, Math.ceil(to / MS[size]))
  return { from: iso(first * MS[size]), to: iso(last * MS[size]) }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** Every bucket between the first and the last one of both: those without runs are there, and empty. */
export const timesOf = (size: Size, ...all: readonly (readonly Bucket[])[]): readonly number[] => {
  const starts = all.flat().map(({ from }) => Math.floor(Date.parse(from) / MS[size]))
  if (starts.length === 0) return []
  const first = starts.reduce((a, b) => Math.min(a, b))
  const last = starts.reduce((a, b) => Math.max(a, b))
  // A version that rested for years: only the buckets that hold runs.
  if (last - first > MOST_BUCKETS) return [...new Set(starts)].toSorted((a, b) => a - b).map((at) => at * MS[size])
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * MS[size])
}

const MOST_BUCKETS = 5_000

/** What `of` says of each time's bucket; null where there is none. */
export const valuesAt = (
  size: Size,
  times: readonly number[],
  buckets: readonly Bucket[],
  of: (bucket: Bucket) => number | null,
): readonly (number | null)[] => {
  const byStart = new Map(buckets.map((bucket) => [Math.floor(Date.parse(bucket.from) / MS[size]), bucket]))
  return times.map((time) => {
    const bucket = byStart.get(time / MS[size])
    return bucket === undefined ? null : of(bucket)
  })
}

/** The results that most runs came to, most frequent first; null stands for a completed run without one. */
export const commonResults = (buckets: readonly Bucket[], most: number): readonly (string | null)[] => {
  const counts = new Map<string | null, number>()
  for (const { results } of buckets)
    for (const { result, count } of results) counts.set(result, (counts.get(result) ?? 0) + count)
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([result]) => result)
}

export const shareOf =
  (result: string | null) =>
  (bucket: Bucket): number | null =>
    bucket.results.length === 0 ? null : (bucket.results.find((each) => each.result === result)?.share ?? 0)
