/** A thread that answers the queries which look at many rows, so that no other request waits for them. */

import { LARGE } from '../queries/keyset-pagination.ts'
import { openForReading } from './database.ts'
import { type Answerers, type AnswerTo, createAnswerers, type QueryOf, type QuestionName } from './large-queries.ts'

export type QueryTask<Name extends QuestionName = QuestionName> = Readonly<{
  path: string
  name: Name
  query: QueryOf<Name>
}>

// A thread serves one file for all its life.
let answerers: Answerers | null = null

export const answer = <Name extends QuestionName>({ path, name, query }: QueryTask<Name>): AnswerTo<Name> => {
  answerers ??= open(path)
  const answered = answerers[name](query, LARGE)
  if (answered === null) throw new Error('the large budget sets no end to a query')
  return answered
}

const open = (path: string): Answerers => {
  const opened = openForReading(path)
  if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))
  return createAnswerers(opened.right)
}
