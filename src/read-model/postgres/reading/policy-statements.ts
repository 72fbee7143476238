/** The SQL of a policy version's figures. */
import { sql } from 'kysely'
import type { HourSpan, PolicyStatements } from '../../queries/policy-stats.ts'
import type { Sql } from '../../sql/conditions.ts'
import { compiled, type Statement, type Tables } from './statements.ts'

export const policyStatements = ({ policy_figures, policy_durations }: Tables): PolicyStatements<Statement> => ({
  figuresUpTo: (span, most) =>
    compiled(sql`select count(*) from (select 1 from ${policy_figures} where ${inSpan(span)} limit ${most}) as found`),
  figuresIn: (span, prefix) =>
    compiled(sql`select substr(hour, 1, ${prefix}) as start, figure, name, sum(runs)
      from ${policy_figures} where ${inSpan(span)} group by start, figure, name order by start, figure, name`),
  durationsIn: (span, prefix) =>
    compiled(sql`select substr(hour, 1, ${prefix}) as start, sum("sum"), min("least"), max("greatest"), status
      from ${policy_durations} where ${inSpan(span)} group by start, status`),
  hoursIn: (span) => compiled(sql`select min(hour), max(hour) from ${policy_figures} where ${inSpan(span)}`),
})

const inSpan = ({ policy_version_id, from, before }: HourSpan): Sql =>
  sql`policy_version_id = ${policy_version_id} and hour >= ${from} and hour < ${before}`
