/** The SQL of the counts of run groups and of policy versions. */
import { sql } from 'kysely'
import type { CountStatements } from '../../queries/list-counts.ts'
import { fixed, PARAMETER, type Statement } from './statements.ts'

const countStatements = (counts: string, statuses: string, column: string): CountStatements<Statement> => {
  const [ids, byStatus, id] = [sql.raw(counts), sql.raw(statuses), sql.raw(column)]
  return {
    countsOf: fixed(sql`select runs, created_at, last_updated_at from ${ids} where ${id} = ${PARAMETER}`),
    statusesOf: fixed(sql`select status, runs from ${byStatus} where ${id} = ${PARAMETER} order by status`),
    countsAfter: fixed(sql`select ${id}, runs, created_at, last_updated_at from ${ids}
      where ${id} > ${PARAMETER} order by ${id} limit 0 + ${PARAMETER}`),
    statusesIn: fixed(sql`select ${id}, status, runs from ${byStatus}
      where ${id} between ${PARAMETER} and ${PARAMETER} order by ${id}, status`),
  }
}

export const groupStatements = countStatements('run_groups', 'run_group_statuses', 'run_group_id')
export const policyVersionStatements = countStatements(
  'policy_versions',
  'policy_version_statuses',
  'policy_version_id',
)
