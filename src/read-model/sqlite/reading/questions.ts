/** The questions that may have to look at many rows, answered by any thread that has the file open. */
import type { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import type { Position } from '../../../event-store/event-store.ts'
import { agreementOf } from '../../queries/agreement.ts'
import type { QueryBudget } from '../../queries/keyset-pagination.ts'
import { entryPlanOf, listEntries } from '../../queries/list-entries.ts'
import { listRuns, runPlanOf } from '../../queries/list-runs.ts'
import { policyStats } from '../../queries/policy-stats.ts'
import { type FoundRuns, searchRuns } from '../../queries/search-runs.ts'
import type {
  Agreement,
  AgreementQuery,
  EntryPage,
  EntryQuery,
  PolicyStats,
  PolicyStatsQuery,
  RunQuery,
} from '../../read-model.ts'
import { agreementStatements } from '../../sql/agreement.ts'
import { entryStatements } from './entry-statements.ts'
import { pastRunStatements } from './past-statements.ts'
import { policyStatements } from './policy-statements.ts'
import { currentRunStatements } from './run-statements.ts'
import { createStatementPool, runQuery } from './statement-pool.ts'
import { compiled } from './statements.ts'

const AGREEMENT = agreementStatements(sql.raw('group_completions'), compiled)

/** What is asked and what is answered, by name. */
type Questions = Readonly<{
  runs: Readonly<{ query: RunQuery; answer: FoundRuns & Readonly<{ position: Position }> }>
  entries: Readonly<{ query: EntryQuery; answer: EntryPage }>
  stats: Readonly<{ query: PolicyStatsQuery; answer: PolicyStats }>
  agreement: Readonly<{ query: AgreementQuery; answer: Agreement }>
}>

export type QuestionName = keyof Questions
export type QueryOf<Name extends QuestionName> = Questions[Name]['query']
export type AnswerTo<Name extends QuestionName> = Questions[Name]['answer']

/** Each in the caller's transaction; null where that takes more than the budget. */
export type Answerers = {
  readonly [Name in QuestionName]: (
    query: QueryOf<Name>,
    budget: QueryBudget,
  ) => Omit<AnswerTo<Name>, 'position'> | null
}

export const createAnswerers = (db: DatabaseSync): Answerers => {
  const pool = createStatementPool(db)
  return {
    runs: (query, budget) => {
      const plan = runPlanOf(query)
      const statements = plan.moment === null ? currentRunStatements(plan) : pastRunStatements(plan, plan.moment)
      return plan.search === null
        ? runQuery(pool, listRuns(plan, statements, query.count, budget))
        : runQuery(pool, searchRuns(plan, statements, query.count, budget))
    },
    entries: (query, budget) => {
      const plan = entryPlanOf(query)
      return runQuery(pool, listEntries(plan, entryStatements(plan), budget))
    },
    stats: (query, budget) => runQuery(pool, policyStats(policyStatements, query, budget)),
    // All groups are looked at.
    agreement: (query, budget) => (budget.countAll ? runQuery(pool, agreementOf(AGREEMENT, query)) : null),
  }
}
