/** Prepared statements by their SQL, kept for the next time. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { LRUCache } from 'lru-cache'
import type { Query, Row } from '../../queries/keyset-pagination.ts'
import { prepared } from '../database.ts'
import type { Statement } from './statements.ts'

export type StatementPool = Readonly<{
  /** All rows, as arrays. */
  all: (statement: Statement) => readonly Row[]
}>

const MOST_KEPT = 200

export const createStatementPool = (db: DatabaseSync): StatementPool => {
  const statements = new LRUCache<string, StatementSync>({ max: MOST_KEPT })

  const statementOf = (text: string): StatementSync => {
    const known = statements.get(text)
    if (known !== undefined) return known
    const made = prepared(db, text)
    statements.set(text, made)
    return made
  }

  return {
    all: ({ sql, parameters }) =>
      statementOf(sql).all(...(parameters as readonly SQLInputValue[])) as unknown as readonly Row[],
  }
}

/** The result of `query`, whose statements are answered one after another. */
export const runQuery = <Result>(pool: StatementPool, query: Query<Statement, Result>): Result => {
  let step = query.next()
  while (!step.done) step = query.next(pool.all(step.value))
  return step.value
}
