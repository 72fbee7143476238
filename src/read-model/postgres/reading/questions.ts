/** The questions of the port as statements over the tables of one schema. */
import { agreementOf } from '../../queries/agreement.ts'
import { LARGE, type Query } from '../../queries/keyset-pagination.ts'
import { countsOf, listCounts } from '../../queries/list-counts.ts'
import { entryPlanOf, listEntries, listTrail } from '../../queries/list-entries.ts'
import { listRuns, runPlanOf } from '../../queries/list-runs.ts'
import { listSteps } from '../../queries/list-steps.ts'
import { policyStats } from '../../queries/policy-stats.ts'
import { numberOf } from '../../queries/positions.ts'
import { type FoundRuns, searchRuns } from '../../queries/search-runs.ts'
import type {
  AgreementQuery,
  CountsQuery,
  EntryQuery,
  PolicyStatsQuery,
  RunCounts,
  RunQuery,
  StepPage,
} from '../../read-model.ts'
import { agreementStatements } from '../../sql/agreement.ts'
import { schemaName } from '../tables.ts'
import { groupStatements, policyVersionStatements } from './count-statements.ts'
import { entryStatements } from './entry-statements.ts'
import { pastRunStatements } from './past-statements.ts'
import { policyStatements } from './policy-statements.ts'
import { projectionStates } from './projection-states.ts'
import { currentRunStatements, oneRun } from './run-statements.ts'
import { quarantinedRun, quarantinedRuns, quarantineOf, runWithQuarantine } from './single-run.ts'
import { compiled, type Statement, tablesIn } from './statements.ts'
import { versionStatements } from './version-statements.ts'

export type Questions = ReturnType<typeof questionsOver>

/** Everything that can be asked of one generation of the tables; its statements are compiled once. */
export const questionsOver = (generation: number) => {
  const tables = tablesIn(schemaName(generation))
  const versions = versionStatements(tables)
  const current = currentRunStatements(tables, oneRun(tables))
  const past = pastRunStatements(tables, versions)
  const entries = entryStatements(tables)
  const groups = groupStatements(tables)
  const policyVersions = policyVersionStatements(tables)
  const policies = policyStatements(tables)
  const agreements = agreementStatements(tables.group_completions, compiled)
  const quarantine = quarantineOf(tables)
  return {
    generation,
    run: runWithQuarantine(tables),
    /** In these, `at` is the position up to which the parts asked for are whole. */
    runs: (query: RunQuery, at: string) => {
      const plan = runPlanOf(query)
      const statements = plan.moment === null ? current(plan) : past(plan, plan.moment, numberOf(at))
      return plan.search === null
        ? whole<FoundRuns>(listRuns(plan, statements, query.count, LARGE))
        : whole(searchRuns(plan, statements, query.count, LARGE))
    },
    entries: (query: EntryQuery, at: string) => {
      const plan = entryPlanOf(query)
      return whole(listEntries(plan, entries(plan, numberOf(at)), LARGE))
    },
    trail: (run_id: string, options: Pick<EntryQuery, 'after' | 'limit'>, at: string) =>
      listTrail((plan) => entries(plan, numberOf(at)), run_id, options),
    steps: function* (
      run_id: string,
      options: Readonly<{ from: number; limit: number }>,
    ): Query<Statement, Omit<StepPage, 'position'>> {
      const steps = yield* listSteps(versions, run_id, options)
      const [row] = yield quarantine(run_id)
      return { ...steps, quarantine: row === undefined ? null : quarantinedRun(row) }
    },
    group: function* (run_group_id: string): Query<Statement, Readonly<{ group: RunCounts | null }>> {
      return { group: yield* countsOf(groups, run_group_id) }
    },
    groups: (query: CountsQuery) => listCounts(groups, query),
    policyVersions: (query: CountsQuery) => listCounts(policyVersions, query),
    stats: (query: PolicyStatsQuery) => whole(policyStats(policies, query, LARGE)),
    agreement: (query: AgreementQuery) => agreementOf(agreements, query),
    projections: () => projectionStates(generation, quarantinedRuns(tables)),
  }
}

/** A budget that sets no end to a query leaves none unanswered. */
function* whole<Result>(query: Query<Statement, Result | null>): Query<Statement, Result> {
  const result = yield* query
  if (result === null) throw new Error('the large budget sets no end to a query')
  return result
}
