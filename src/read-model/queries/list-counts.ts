/** Lists of run groups and of policy versions: how many runs each has, in which status, and since when. */
import { isTerminal } from '../../run/terminal-status.ts'
import type { CountsQuery, ListedCounts, RunCounts } from '../read-model.ts'
import type { Query, Row } from './keyset-pagination.ts'

export type CountStatements<Statement> = Readonly<{
  /** Runs, first creation and last update of one id. */
  countsOf: (id: string) => Statement
  /** Status and runs of one id, in the order of statuses. */
  statusesOf: (id: string) => Statement
  /** Id, runs, first creation and last update of the first `limit` ids after `after` ('' is before all), in their order. */
  countsAfter: (after: string, limit: number) => Statement
  /** Id, status and runs of the ids from one to another, in the order of ids and statuses. */
  statusesIn: (from: string, upTo: string) => Statement
}>

/** The counts of `id`; null where no run has it. */
export function* countsOf<Statement>(
  statements: CountStatements<Statement>,
  id: string,
): Query<Statement, RunCounts | null> {
  const [row] = yield statements.countsOf(id)
  if (row === undefined) return null
  const [runs, created_at, last_updated_at] = row as [number, string, string]
  return { runs, by_status: byStatus(yield statements.statusesOf(id)), created_at, last_updated_at }
}

/** A page of all ids with their counts, and the id after which the next begins. */
export function* listCounts<Statement>(
  statements: CountStatements<Statement>,
  { after = '', limit }: CountsQuery,
): Query<Statement, Readonly<{ counts: readonly ListedCounts[]; next: string | null }>> {
  const rows = (yield statements.countsAfter(after, limit + 1)) as readonly CountValues[]
  const page = rows.slice(0, limit)
  const [first, last] = [page[0], page.at(-1)]
  if (first === undefined || last === undefined) return { counts: [], next: null }
  const statuses = Map.groupBy(yield statements.statusesIn(first[0], last[0]), ([id]) => id)
  return {
    counts: page.map(([id, runs, created_at, last_updated_at]) => {
      const by_status = byStatus((statuses.get(id) ?? []).map((row) => row.slice(1)))
      return { id, runs, by_status, error_rate: errorRateOf(by_status), created_at, last_updated_at }
    }),
    next: rows.length > limit ? last[0] : null,
  }
}

type CountValues = [id: string, runs: number, created_at: string, last_updated_at: string]

const byStatus = (rows: readonly Row[]): Readonly<Record<string, number>> =>
  Object.fromEntries(rows as readonly [string, number][])

/** Of the completed runs; null where none completed. */
const errorRateOf = (by_status: Readonly<Record<string, number>>): number | null => {
  let completed = 0
  for (const [status, runs] of Object.entries(by_status)) if (isTerminal(status)) completed += runs
  return completed === 0 ? null : (by_status['FAILURE'] ?? 0) / completed
}
