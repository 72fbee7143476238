/** The SQL by which a search looks at its candidates, one after another. */
import { sql } from 'kysely'
import type { Key } from '../../queries/keyset-pagination.ts'
import { MATCH, NO_MATCH, OUT_OF_TIME } from '../../queries/search-runs.ts'
import { allOf, type Sql } from '../../sql/conditions.ts'
import type { SearchColumns } from './search-conditions.ts'

/** The columns of a run that never change. */
export const SEARCHED_ALWAYS = {
  run_id: sql.raw('runs.run_id'),
  run_group_id: sql.raw('runs.run_group_id'),
  policy_version_id: sql.raw('runs.policy_version_id'),
  input_data: sql.raw('runs.input_data_json'),
  created_at: sql.raw('runs.created_at'),
} as const satisfies Partial<SearchColumns>

/** A row for each key: its run, the sort's value, and its place, 1 for the first. */
export const candidates = (keys: readonly Key[]): Sql =>
  sql`unnest(${keys.map(({ tie }) => tie)}::text[], ${keys.map(({ value }) => value)}::text[])
    with ordinality as candidate (run_id, value, place)`

/** The place of the key, counted from 0. Rows have to be ordered by `candidate.place`. */
export const PLACE = sql.raw('candidate.place - 1')

/**
 * The verdict on a candidate that must pass `tests` and meet `condition`. The clock is asked for each, after they were put in
 * order: whatever is volatile is computed last. `otherwise`: cases that come before the condition.
 */
export const verdictSql = (until: number, tests: readonly Sql[], condition: Sql, otherwise: Sql = sql``): Sql =>
  sql`case ${outOfTime(until)} when (${allOf(tests)}) is not true then ${sql.lit(NO_MATCH)} ${otherwise}
    when ${condition} then ${sql.lit(MATCH)} else ${sql.lit(NO_MATCH)} end`

/** The server's clock counts what is left by this process's. */
const outOfTime = (until: number): Sql => {
  const left = until - Date.now()
  return left > MOST_LEFT_MS
    ? sql``
    : sql`when clock_timestamp() >= statement_timestamp() + ${left} * interval '1 ms' then ${sql.lit(OUT_OF_TIME)}`
}

/** Beyond this there is no limit. */
const MOST_LEFT_MS = 3_600_000
