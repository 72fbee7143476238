/** Prepared statements by their SQL, kept for the next time. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { LRUCache } from 'lru-cache'
import type { Sql } from 'sql-template-tag'
import { prepared } from './database.ts'

export type StatementPool = Readonly<{
  /**
   * Rows as arrays, made as they are asked for. A caller that stops early leaves the statement to the next. `values` stand
   * in for the query's own.
   */
  iterate: <Row>(query: Sql, values?: Values) => Generator<Row, void>
  /** All rows at once: half the time a row. */
  all: <Row>(query: Sql, values?: Values) => readonly Row[]
  first: <Row>(query: Sql, values?: Values) => Row | undefined
}>

/** The package takes values of any type: SQLite refuses what it cannot bind. */
type Values = readonly unknown[]

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

  function* iterate<Row>({ sql, values: own }: Sql, values: Values = own): Generator<Row, void> {
    const statement = statementOf(sql)
    // Taken out while in use: the same SQL may be under way twice.
    idle.delete(sql)
    try {
      yield* statement.iterate(...bindable(values)) as unknown as Iterable<Row>
    } finally {
      idle.set(sql, statement)
    }
  }

  const first = <Row>({ sql, values: own }: Sql, values: Values = own): Row | undefined =>
    statementOf(sql).get(...bindable(values)) as unknown as Row | undefined

  const all = <Row>({ sql, values: own }: Sql, values: Values = own): readonly Row[] =>
    statementOf(sql).all(...bindable(values)) as unknown as readonly Row[]

  return { iterate, all, first }
}

const bindable = (values: Values) => values as readonly SQLInputValue[]
