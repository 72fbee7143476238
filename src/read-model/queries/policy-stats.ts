/** The figures of a policy version: buckets of time, rates, and percentiles from the bins of a sketch. */
import { durationOf } from '../../../projections/policy-version-stats.ts'
import { isTerminal } from '../../run/terminal-status.ts'
import { timeOf } from '../../run/time.ts'
import type { PolicyBucket, PolicyStats, PolicyStatsQuery } from '../read-model.ts'
import { numberIn, type Query, type QueryBudget, type Row } from './keyset-pagination.ts'

/** Hours of a policy version, as in `2011-12-01T13`, from `from` on and before `before`. */
export type HourSpan = Readonly<{ policy_version_id: string; from: string; before: string }>

export type PolicyStatements<Statement> = Readonly<{
  /** How many figures the span has, counted no further than `most`. */
  figuresUpTo: (span: HourSpan, most: number) => Statement
  /** By the first `prefix` characters of the hour: bucket, figure, name and sum of runs, in the order of these. */
  figuresIn: (span: HourSpan, prefix: number) => Statement
  /** By the same: bucket, sum, least and greatest duration of the runs that came to each terminal status, and that status. */
  durationsIn: (span: HourSpan, prefix: number) => Statement
  /** The first and the last hour of the span that has figures. */
  hoursIn: (span: HourSpan) => Statement
}>

/** The figures asked for; null where that takes more than `budget`. */
export function* policyStats<Statement>(
  statements: PolicyStatements<Statement>,
  query: PolicyStatsQuery,
  budget: QueryBudget,
): Query<Statement, Omit<PolicyStats, 'position'> | null> {
  const span = spanAsked(query)
  const prefix = PREFIX[query.bucket]
  if (!budget.countAll && numberIn(yield statements.figuresUpTo(span, budget.entries)) >= budget.entries) return null
  const figures = figuresOf(yield statements.figuresIn(span, prefix))
  if (figures.size === 0) return { buckets: [] }
  const durations = durationsOf(yield statements.durationsIn(span, prefix))
  const [hours] = query.bucket === 'total' ? yield statements.hoursIn(span) : []
  const total = hours === undefined ? null : totalSpan(query, hours as readonly string[])
  return {
    buckets: [...figures].map(([start, counted]) => bucketOf(total ?? spanOf(start), counted, durations.get(start))),
  }
}

/** How much of an hour, as in `2011-12-01T13`, names the bucket. */
const PREFIX = { hour: 13, day: 10, total: 0 } as const

const spanAsked = ({ policy_version_id, from, to }: PolicyStatsQuery): HourSpan => ({
  policy_version_id,
  from: hourOf(from ?? ''),
  before: to === undefined ? AFTER_ALL : hourOf(to),
})

const hourOf = (time: string): string => time.slice(0, 13)
const AFTER_ALL = ':'

type Figures = Readonly<{ status: Map<string, number>; result: Map<string, number>; bin: Map<number, number> }>
/** `sums` by status. */
type Durations = Readonly<{ sums: ReadonlyMap<string, number>; least: number; greatest: number }>

const figuresOf = (rows: readonly Row[]): ReadonlyMap<string, Figures> => {
  const buckets = new Map<string, Figures>()
  for (const [start, figure, name, runs] of rows as readonly [string, keyof Figures, string, number][]) {
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

const durationsOf = (rows: readonly Row[]): ReadonlyMap<string, Durations> =>
  new Map(
    [...Map.groupBy(rows as readonly DurationRow[], ([start]) => start)].map(([start, ofStart]) => [
      start,
      {
        sums: new Map(ofStart.map(([, sum, , , status]) => [status, sum])),
        least: Math.min(...ofStart.map(([, , least]) => least)),
        greatest: Math.max(...ofStart.map(([, , , greatest]) => greatest)),
      },
    ]),
  )

type DurationRow = readonly [start: string, sum: number, least: number, greatest: number, status: string]

type Span = Pick<PolicyBucket, 'from' | 'to'>

const HOUR_MS = 3_600_000

/** `start` is a day or an hour. */
const spanOf = (start: string): Span => {
  const isDay = start.length === PREFIX.day
  const from = Date.parse(isDay ? start : `${start}:00:00Z`)
  return { from: timeOf(from), to: timeOf(from + (isDay ? 24 * HOUR_MS : HOUR_MS)) }
}

/** As asked for or, where it was left open, from the first hour in which a run was created to the end of the last. */
const totalSpan = (query: PolicyStatsQuery, [first, last]: readonly string[]): Span => ({
  from: query.from ?? spanOf(first ?? '').from,
  to: query.to ?? spanOf(last ?? '').to,
})

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
    mean_ms_by_status: meansOf(status, durations),
  }
}

const meansOf = (
  status: ReadonlyMap<string, number>,
  durations: Durations | undefined,
): Readonly<Record<string, number>> =>
  Object.fromEntries([...(durations?.sums ?? [])].map(([name, sum]) => [name, sum / (status.get(name) ?? Number.NaN)]))

const durationFigures = (
  bins: ReadonlyMap<number, number>,
  durations: Durations | undefined,
): PolicyBucket['duration_ms'] => {
  const count = sumOf(bins.values())
  if (durations === undefined || count === 0)
    return { count: 0, mean: null, min: null, max: null, p50: null, p95: null, p99: null }
  const { sums, least, greatest } = durations
  const sorted = [...bins].sort(([a], [b]) => a - b)
  // What stands for a bin may lie beyond all that is in it.
  const percentile = (percent: number): number =>
    Math.min(greatest, Math.max(least, durationOf(binAt(sorted, Math.ceil((percent / 100) * count)))))
  return {
    count,
    mean: sumOf(sums.values()) / count,
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
