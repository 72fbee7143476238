/** Runs as they stood at a moment: the version that each run had then, and the filters applied to it. */

import sql, { join, type Sql } from 'sql-template-tag'
import { type Condition, type Predicate, testing, within } from '../queries/run-predicates.ts'
import type { RunMoment } from '../read-model.ts'
import { type RunTextColumns, STARTED_JSON } from './run-columns.ts'

/**
 * The revision that the run stood at: the last that had occurred, that the ledger knew, or, where both are asked for,
 * the earlier of the two. Both times only grow inside a run, so it is the last that meets all. The `+` keeps the planner
 * from driving by the index of time.
 */
export const standingRevision = ({ as_of, known_at }: RunMoment, run_id: Sql): Sql =>
  sql`(select past.revision from entries as past where past.run_id = ${run_id} and past.status is not null
    ${as_of === undefined ? sql`` : sql`and +past.occurred_at <= ${as_of}`}
    ${known_at === undefined ? sql`` : sql`and past.known_from <= ${known_at}`}
    order by past.revision desc limit 1)`

/**
 * The columns of a run that `version` tells, or that follow from it: `result` and `started_at` come once and stay. Null
 * for metadata that take more than `bytes` or are to be folded.
 */
export const pastColumns = (bytes: number): RunTextColumns => ({
  status: sql`version.status`,
  result: sql`json_quote(${PAST_RESULT})`,
  run_metadata: sql`(select case when octet_length(kept.run_metadata) <= ${bytes} then kept.run_metadata end
    from entries as past cross join entry_texts as kept on kept.position = past.position
    where past.run_id = version.run_id and past.revision <= version.revision and past.metadata_kept is not null
    order by past.revision desc limit 1)`,
  // Nothing but RunStarted can follow RunCreated and lead on.
  started_at: sql`case when version.revision > 0 then ${STARTED_JSON} else 'null' end`,
  last_updated_at: sql`version.occurred_at`,
})

const PAST_RESULT = sql`case when version.status in ('SUCCESS', 'FAILURE', 'CANCELLED') then runs.result end`

/** Whether only the version can tell. */
export const isOfVersion = (predicate: Predicate): boolean =>
  predicate.kind === 'equality'
    ? predicate.column === 'status' || predicate.column === 'result'
    : predicate.kind === 'range' && predicate.column === 'last_updated_at'

/** For the run as it stood; metadata are as they are now. */
export const testingPast = (predicate: Predicate): Condition => {
  if (predicate.kind === 'equality' && isOfVersion(predicate))
    return sql`${predicate.column === 'status' ? sql`version.status` : PAST_RESULT} in (${join(predicate.values)})`
  if (predicate.kind === 'range' && isOfVersion(predicate)) return within(sql`version.occurred_at`, predicate)
  return testing(predicate)
}
