/** The SQL by which a search looks at its candidates, one after another. */
import { sql } from 'kysely'
import type { Key } from '../../../queries/keyset-pagination.ts'
import { MATCH, NO_MATCH, OUT_OF_TIME } from '../../../queries/search-runs.ts'
import { allOf, type Sql } from '../../../sql/conditions.ts'
import { CLOCK } from '../../database.ts'
import type { SearchColumns } from './search-conditions.ts'

/** The columns of a run that never change. */
export const SEARCHED_ALWAYS = {
  run_id: sql.raw('runs.run_id'),
  run_group_id: sql.raw('runs.run_group_id'),
  policy_version_id: sql.raw('runs.policy_version_id'),
  input_data: sql.raw('runs.input_data'),
  created_at: sql.raw('runs.created_at'),
} as const satisfies Partial<SearchColumns>

/** A row for each key, in their order: its place as `key`, and as `value` a JSON array of its run and the sort's value. */
export const candidates = (keys: readonly Key[]): Sql =>
  sql`json_each(${JSON.stringify(keys.map(({ tie, value }) => [tie, value]))}) as candidate`

/**
 * The verdict on a candidate that must pass `tests` and meet `condition`. The clock is asked for each: SQLite gives a row
 * for every candidate, so that none is looked at once the time is up. `otherwise`: cases that come before the condition.
 */
export const verdictSql = (until: number, tests: readonly Sql[], condition: Sql, otherwise: Sql = sql``): Sql =>
  sql`case when ${sql.raw(CLOCK)}() >= ${until} then ${sql.lit(OUT_OF_TIME)}
    when (${allOf(tests)}) is not true then ${sql.lit(NO_MATCH)} ${otherwise}
    when ${condition} then ${sql.lit(MATCH)} else ${sql.lit(NO_MATCH)} end`
