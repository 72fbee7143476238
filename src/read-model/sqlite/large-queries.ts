/** The queries that may look at many rows, and how each is answered by any thread that has the file open. */
import type { DatabaseSync } from 'node:sqlite'
import type { QueryBudget } from '../queries/keyset-pagination.ts'
import type { EntryPage, EntryQuery, PolicyStats, PolicyStatsQuery, RunPage, RunQuery } from '../read-model.ts'
import { createEntryLister } from './entry-queries.ts'
import { createPolicyReader } from './policy-queries.ts'
import { createRunLister } from './run-queries.ts'

/** What is asked and what is answered, by name. */
type Questions = Readonly<{
  runs: Readonly<{ query: RunQuery; answer: RunPage }>
  entries: Readonly<{ query: EntryQuery; answer: EntryPage }>
  stats: Readonly<{ query: PolicyStatsQuery; answer: PolicyStats }>
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

export const createAnswerers = (db: DatabaseSync): Answerers => ({
  runs: createRunLister(db),
  entries: createEntryLister(db),
  stats: createPolicyReader(db),
})
