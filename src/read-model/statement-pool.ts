/** Prepared statements by their SQL, kept for the next time. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { CompiledQuery } from 'kysely'
import { LRUCache } from 'lru-cache'

type Value = string | number | null

export type StatementPool = Readonly<{
  /** Rows as arrays, made as they are asked for. A caller that stops early leaves the statement to the next. */
  iterate: <Row>(query: CompiledQuery) => Generator<Row, void>
  /** All rows at once: half the time a row. */
  all: <Row>(query: CompiledQuery) => readonly Row[]
  first: <Row>(query: CompiledQuery) => Row | undefined
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
    const made = db.prepare(text)
    made.setReturnArrays(true)
    return made
  }

  function* iterate<Row>({ sql, parameters }: CompiledQuery): Generator<Row, void> {
    const statement = take(sql)
    try {
      yield* statement.iterate(...(parameters as Value[])) as unknown as Iterable<Row>
    } finally {
      idle.set(sql, statement)
    }
  }

  const first = <Row>({ sql, parameters }: CompiledQuery): Row | undefined => {
    const statement = take(sql)
    const row = statement.get(...(parameters as Value[])) as unknown as Row | undefined
    idle.set(sql, statement)
    return row
  }

  const all = <Row>({ sql, parameters }: CompiledQuery): readonly Row[] => {
    const statement = take(sql)
    const rows = statement.all(...(parameters as Value[])) as unknown as readonly Row[]
    idle.set(sql, statement)
    return rows
  }

  return { iterate, all, first }
}
