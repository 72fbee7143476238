/** The SQL of the agreement of two policy versions, which every dialect takes. */
import { sql } from 'kysely'
import type { AgreementStatements } from '../queries/agreement.ts'
import type { AgreementQuery } from '../read-model.ts'
import { allOf, type Sql } from './conditions.ts'

/** `completions`: the table of completed runs. `compiled`: what the dialect makes of SQL. */
export const agreementStatements = <Statement>(
  completions: Sql,
  compiled: (query: Sql) => Statement,
): AgreementStatements<Statement> => {
  /** The groups with completed runs of both versions; where there is one of each, both are said. */
  const pairs = ({ policy_version_id, with: other, from, to, after }: AgreementQuery): Sql => {
    const range = [
      ...(from === undefined ? [] : [sql`min(created_at) >= ${from}`]),
      ...(to === undefined ? [] : [sql`min(created_at) < ${to}`]),
    ]
    const ofVersion = (version: string) => sql`select run_group_id, count(*) as runs, min(run_id) as run_id,
      min(result) as result, min(duration) as duration, min(created_at) as created_at
      from ${completions} where policy_version_id = ${version} ${after === undefined ? sql`` : sql`and run_group_id > ${after}`}
      group by run_group_id`
    return sql`(select one.run_group_id, one.run_id, one.result, one.duration, one.created_at, other.run_id as with_run_id,
        other.result as with_result, other.duration as with_duration, other.created_at as with_created_at,
        case when one.runs = 1 and other.runs = 1 then 0 else 1 end as ambiguous
      from (${ofVersion(policy_version_id)} having ${allOf(range)}) as one
        join (${ofVersion(other)}) as other on other.run_group_id = one.run_group_id) as pairs`
  }

  return {
    resultsOf: (query) =>
      compiled(sql`select ambiguous, result, with_result, count(*) from ${pairs(ofAll(query))}
        group by ambiguous, result, with_result`),
    differencesOf: (query) =>
      compiled(sql`select avg(difference), min(difference), max(difference), ${percentile(50)}, ${percentile(95)}, ${percentile(99)}
        from (select with_duration - duration as difference, count(*) over () as pairs,
            row_number() over (order by with_duration - duration) as place
          from ${pairs(ofAll(query))} where ambiguous = 0) as ranked`),
    differingGroups: (query, limit) =>
      compiled(sql`select run_group_id, run_id, result, duration, created_at, with_run_id, with_result, with_duration, with_created_at
        from ${pairs(query)} where ambiguous = 0 and result is distinct from with_result
        order by run_group_id limit cast(${limit} as integer)`),
  }
}

/** The figures are of all groups, whichever page is asked for. */
const ofAll = (query: AgreementQuery): AgreementQuery => ({ ...query, after: undefined })

/** By nearest rank. */
const percentile = (percent: number): Sql =>
  sql`max(case when place = (${sql.lit(percent)} * pairs + 99) / 100 then difference end)`
