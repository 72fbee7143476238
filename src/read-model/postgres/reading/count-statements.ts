/** The SQL of the counts of run groups and of policy versions. */
import { sql } from 'kysely'
import type { CountStatements } from '../../queries/list-counts.ts'
import type { Sql } from '../../sql/conditions.ts'
import { fixed, PARAMETER, type Statement, type Tables } from './statements.ts'

const countStatements = (counts: Sql, statuses: Sql, column: string): CountStatements<Statement> => {
  const id = sql.id(column)
  return {
    countsOf: fixed(sql`select runs, created_at, last_updated_at from ${counts} where ${id} = ${PARAMETER}`),
    statusesOf: fixed(sql`select status, runs from ${statuses} where ${id} = ${PARAMETER} order by status`),
    countsAfter: fixed(sql`select ${id}, runs, created_at, last_updated_at from ${counts}
      where ${id} > ${PARAMETER} order by ${id} limit ${PARAMETER}`),
    statusesIn: fixed(sql`select ${id}, status, runs from ${statuses}
      where ${id} between ${PARAMETER} and ${PARAMETER} order by ${id}, status`),
  }
}

export const groupStatements = ({ run_groups, run_group_statuses }: Tables): CountStatements<Statement> =>
  countStatements(run_groups, run_group_statuses, 'run_group_id')

export const policyVersionStatements = ({
  policy_versions,
  policy_version_statuses,
}: Tables): CountStatements<Statement> => countStatements(policy_versions, policy_version_statuses, 'policy_version_id')
