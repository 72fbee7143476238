/** The figures of a policy version, by the hour, the day, or in all. */
import type { DatabaseSync } from 'node:sqlite'
import sql, { type Sql } from 'sql-template-tag'
import { durationOf } from '../../../projections/policy-version-stats.ts'
import { isTerminal } from '../../run/terminal-status.ts'
import { timeOf } from '../../run/time.ts'
import type { QueryBudget } from '../queries/keyset-pagination.ts'
import type { PolicyBucket, PolicyStats, PolicyStatsQuery } from '../read-model.ts'
import { createStatementPool, type StatementPool } from './statement-pool.ts'

/** The answer, in the caller's transaction; null where that takes more than `budget`. */
export type PolicyReader = (query: PolicyStatsQuery, budget: QueryBudget) => Omit<PolicyStats, 'position'> | null

export const createPolicyReader = (db: DatabaseSync): PolicyReader => {
  const pool = createStatementPool(db)
  return (query, budget) =>
    !budget.countAll && isMore(pool, query, budget.entries) ? null : { buckets: bucketsOf(pool, query) }
}

type Figures = Readonly<{ status: Map<string, number>; result: Map<string, number>; bin: Map<number, number> }>
type Durations = Readonly<{ sum: number; least: number; greatest: number }>

const bucketsOf = (pool: StatementPool, query: PolicyStatsQuery): readonly PolicyBucket[] => {
  const figures = figuresOf(pool, query)
  const durations = durationsOf(pool, query)
  const [first] = figures.keys()
  if (first === undefined) return []
  const span = query.bucket === 'total' ? totalSpan(pool, query) : null
  return [...figures].map(([start, counted]) => bucketOf(span ?? spanOf(start), counted, durations.get(start)))
}

/** How much of `hour`, as in `2011-12-01T13`, tells the bucket. */
const PREFIX = { hour: 13, day: 10, total: 0 } as const

/** How many runs of each bucket have which status, result, and bin of duration. */
export const figuresIn = (query: PolicyStatsQuery): Sql =>
  sql`select substr(hour, 1, ${PREFIX[query.bucket]}) as start, figure, name, sum(runs) as counted from policy_figures
    where ${inSpan(query)} group by start, figure, name order by start, figure, name`

/** Sum, least and greatest duration of each bucket. */
export const durationsIn = (query: PolicyStatsQuery): Sql =>
  sql`select substr(hour, 1, ${PREFIX[query.bucket]}) as start, sum(sum), min(least), max(greatest)
    from policy_durations where ${inSpan(query)} group by start`

const figuresOf = (pool: StatementPool, query: PolicyStatsQuery): ReadonlyMap<string, Figures> => {
  const rows = pool.all<[start: string, figure: keyof Figures, name: string, runs: number]>(figuresIn(query))
  const buckets = new Map<string, Figures>()
  for (const [start, figure, name, runs] of rows) {
    if (runs === 0) continue
    let figures = buckets.get(start)
    if (figures === undefined) {
      figures = { status: new Map(), result: new Map(), bin: new Map() }
      buckets.set(start, figures)
    }
    if (figure === 'bin') figures.bin.set(Number(name), runs)
    else figures[figure].set(name, runs)
  }
  return buckets
}

const durationsOf = (pool: StatementPool, query: PolicyStatsQuery): ReadonlyMap<string, Durations> => {
  const rows = pool.all<[start: string, sum: number, least: number, greatest: number]>(durationsIn(query))
  return new Map(rows.map(([start, sum, least, greatest]) => [start, { sum, least, greatest }]))
}

const inSpan = ({ policy_version_id, from, to }: PolicyStatsQuery) =>
  sql`policy_version_id = ${policy_version_id} and hour >= ${hourOf(from ?? '')} and hour < ${to === undefined ? AFTER_ALL : hourOf(to)}`

const hourOf = (time: string): string => time.slice(0, 13)
const AFTER_ALL = ':'

const isMore = (pool: StatementPool, query: PolicyStatsQuery, most: number): boolean => {
  const counted = sql`select count(*) from (select 1 from policy_figures where ${inSpan(query)} limit 0 + ${most})`
  return (pool.first<[number]>(counted)?.[0] ?? 0) >= most
}

type Span = Pick<PolicyBucket, 'from' | 'to'>

const HOUR_MS = 3_600_000

/** `start` is a day or an hour. */
const spanOf = (start: string): Span => {
  const isDay = start.length === PREFIX.day
  const from = Date.parse(isDay ? start : `${start}:00:00Z`)
  return { from: timeOf(from), to: timeOf(from + (isDay ? 24 * HOUR_MS : HOUR_MS)) }
}

/** As asked for or, where it was left open, from the first hour in which a run was created to the end of the last. */
const totalSpan = (pool: StatementPool, query: PolicyStatsQuery): Span => {
  const [first, last] = pool.first<[string, string]>(
    sql`select min(hour), max(hour) from policy_figures where ${inSpan(query)}`,
  ) as [string, string]
  return { from: query.from ?? spanOf(first).from, to: query.to ?? spanOf(last).to }
}

const bucketOf = (span: Span, { status, result, bin }: Figures, durations: Durations | undefined): PolicyBucket => {
  const completed = sumOf([...status].filter(([name]) => isTerminal(name)).map(([, runs]) => runs))
  return {
    ...span,
    runs: sumOf(status.values()),
    by_status: Object.fromEntries(status),
    error_rate: completed === 0 ? null : (status.get('FAILURE') ?? 0) / completed,
    results: [...result]
      .map(([name, count]) => ({ result: JSON.parse(name) as string | null, count, share: count / completed }))
      .sort((a, b) => b.count - a.count),
    duration_ms: durationFigures(bin, durations),
  }
}

const durationFigures = (
  bins: ReadonlyMap<number, number>,
  durations: Durations | undefined,
): PolicyBucket['duration_ms'] => {
  const count = sumOf(bins.values())
  if (durations === undefined || count === 0)
    return { count: 0, mean: null, min: null, max: null, p50: null, p95: null, p99: null }
  const { sum, least, greatest } = durations
  const sorted = [...bins].sort(([a], [b]) => a - b)
  // What stands for a bin may lie beyond all that is in it.
  const percentile = (percent: number): number =>
    Math.min(greatest, Math.max(least, durationOf(binAt(sorted, Math.ceil((percent / 100) * count)))))
  return {
    count,
    mean: sum / count,
    min: least,
    max: greatest,
    p50: percentile(50),
    p95: percentile(95),
    p99: percentile(99),
  }
}

/** The bin in which the duration of this rank stands, 1 for the least. */
const binAt = (sorted: readonly (readonly [bin: number, runs: number])[], rank: number): number => {
  let seen = 0
  for (const [bin, runs] of sorted) {
    seen += runs
    if (seen >= rank) return bin
  }
  throw new Error('a rank beyond all')
}

const sumOf = (numbers: Iterable<number>): number => {
  let sum = 0
  for (const number of numbers) sum += number
  return sum
}
