/** Prepared statements by their SQL, kept for the next time. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { LRUCache } from 'lru-cache'
import { prepared } from './database.ts'
import type { Sql } from './sql.ts'

export type StatementPool = Readonly<{
  /** Rows as arrays, made as they are asked for. A caller that stops early leaves the statement to the next. */
  iterate: <Row>(query: Sql) => Generator<Row, void>
  /** All rows at once: half the time a row. */
  all: <Row>(query: Sql) => readonly Row[]
  first: <Row>(query: Sql) => Row | undefined
}>

const MOST_KEPT = 200

export const createStatementPool = (db: DatabaseSync): StatementPool => {
  const idle = new LRUCache<string, StatementSync>({ max: MOST_KEPT })

  const statementOf = (text: string): StatementSync => {
    const kept = idle.get(text)
    if (kept !== undefined) return kept
    const made = prepared(db, text)
    idle.set(text, made)
    return made
  }

  function* iterate<Row>({ sql, parameters }: Sql): Generator<Row, void> {
    const statement = statementOf(sql)
    // Taken out while in use: the same SQL may be under way twice.
    idle.delete(sql)
    try {
      yield* statement.iterate(...parameters) as unknown as Iterable<Row>
    } finally {
      idle.set(sql, statement)
    }
  }

  const first = <Row>({ sql, parameters }: Sql): Row | undefined =>
    statementOf(sql).get(...parameters) as unknown as Row | undefined

  const all = <Row>({ sql, parameters }: Sql): readonly Row[] =>
    statementOf(sql).all(...parameters) as unknown as readonly Row[]

  return { iterate, all, first }
}
