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

  // Taken out while in use: the same SQL may be under way twice.
  const take = (text: string): StatementSync => {
    const kept = idle.get(text)
    if (kept !== undefined) {
      idle.delete(text)
      return kept
    }
    return prepared(db, text)
  }

  function* iterate<Row>({ sql, parameters }: Sql): Generator<Row, void> {
    const statement = take(sql)
    try {
      yield* statement.iterate(...parameters) as unknown as Iterable<Row>
    } finally {
      idle.set(sql, statement)
    }
  }

  const first = <Row>({ sql, parameters }: Sql): Row | undefined => {
    const statement = take(sql)
    const row = statement.get(...parameters) as unknown as Row | undefined
    idle.set(sql, statement)
    return row
  }

  const all = <Row>({ sql, parameters }: Sql): readonly Row[] => {
    const statement = take(sql)
    const rows = statement.all(...parameters) as unknown as readonly Row[]
    idle.set(sql, statement)
    return rows
  }

  return { iterate, all, first }
}
