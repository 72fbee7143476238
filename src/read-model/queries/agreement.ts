/** Where two policy versions agree about the groups that both have decided. */
import type { Agreement, AgreementQuery, DifferingGroup } from '../read-model.ts'
import type { Query, Row } from './keyset-pagination.ts'

export type AgreementStatements<Statement> = Readonly<{
  /** Whether the groups are ambiguous (1 or 0), the two results, and how many groups have them. */
  resultsOf: (query: AgreementQuery) => Statement
  /** Mean, least, greatest, median, 95th and 99th percentile of the differences of durations, in ms. */
  differencesOf: (query: AgreementQuery) => Statement
  /** The first `limit` groups that differ, after `after`: their id, and both runs\' id, result, duration and creation. */
  differingGroups: (query: AgreementQuery, limit: number) => Statement
}>

export function* agreementOf<Statement>(
  statements: AgreementStatements<Statement>,
  query: AgreementQuery,
): Query<Statement, Omit<Agreement, 'position'>> {
  const counts = (yield statements.resultsOf(query)) as unknown as readonly ResultValues[]
  const results = counts.flatMap(([ambiguous, result, with_result, count]) =>
    ambiguous === 1 ? [] : [{ result, with_result, count }],
  )
  const [differences = []] = yield statements.differencesOf(query)
  const [mean, min, max, p50, p95, p99] = differences as DifferenceValues
  const rows = yield statements.differingGroups(query, query.limit + 1)
  const groups = rows.slice(0, query.limit).map(groupOf)
  return {
    compared: sumOf(results.map(({ count }) => count)),
    ambiguous: sumOf(counts.map(([ambiguous, , , count]) => (ambiguous === 1 ? count : 0))),
    results: results.sort(byCount),
    duration_difference_ms: { mean, min, max, p50, p95, p99 },
    groups,
    next: rows.length > query.limit ? (groups.at(-1)?.run_group_id ?? null) : null,
  }
}

type ResultValues = [ambiguous: number, result: string | null, with_result: string | null, count: number]

type DifferenceValues = [
  mean: number | null,
  min: number | null,
  max: number | null,
  p50: number | null,
  p95: number | null,
  p99: number | null,
]

type Result = Agreement['results'][number]

/** The most frequent first; those as frequent by their results, so that the order is always the same. */
const byCount = (a: Result, b: Result): number => b.count - a.count || (keyOf(a) < keyOf(b) ? -1 : 1)

const keyOf = ({ result, with_result }: Result): string => JSON.stringify([result, with_result])

const groupOf = (row: Row): DifferingGroup => {
  const [run_group_id, ...runs] = row
  return { run_group_id: String(run_group_id), run: runOf(runs.slice(0, 4)), with: runOf(runs.slice(4)) }
}

const runOf = (values: readonly unknown[]): DifferingGroup['run'] => {
  const [run_id, result, duration_ms, created_at] = values as [string, string | null, number, string]
  return { run_id, result, duration_ms, created_at }
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)
