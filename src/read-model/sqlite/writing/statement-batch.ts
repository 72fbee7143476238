/** Changes of tables that are recorded first and made later, many at once, by another thread or by this one. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

/** Prepares a statement that changes tables: each `run` is one change. */
export type PrepareChange = (sql: string) => Readonly<{ run: (...values: SQLInputValue[]) => unknown }>

/** For each statement the values of all its changes, one change after another. */
export type Changes = readonly (readonly SQLInputValue[])[]

export type Recorder = Readonly<{
  prepare: PrepareChange
  /** The SQL of what was prepared, in that order. */
  statements: readonly string[]
  /** How many changes `take` would answer. */
  count: () => number
  /** What was recorded since the last time. */
  take: () => Changes
}>

export const createRecorder = (): Recorder => {
  const statements: string[] = []
  let changes: SQLInputValue[][] = []
  let count = 0
  return {
    prepare: (sql) => {
      const number = statements.push(sql) - 1
      changes.push([])
      return {
        run: (...values) => {
          changes[number]?.push(...values)
          count += 1
        },
      }
    },
    statements,
    count: () => count,
    take: () => {
      const taken = changes
      count = 0
      changes = statements.map(() => [])
      return taken
    },
  }
}

/**
 * Makes recorded changes in `db`, in a transaction of the caller's that fails as a whole: those of one statement in their
 * order, one statement after another in theirs. So what one batch does to a row by several statements must not depend on
 * more than that.
 */
export const createPlayer = (db: DatabaseSync, statements: readonly string[]): ((changes: Changes) => void) => {
  const players = statements.map((sql) => player(db, sql))
  return (changes) => {
    for (const [number, values] of changes.entries()) players[number]?.(values)
  }
}

// Eight rows a call take a tenth less than one. To undo a call of many rows alone, SQLite would copy every page that it
// changes (statement journals, sqlite.org/tempfiles.html); with OR FAIL it need not, and the transaction fails as a whole.
const ROWS_A_CALL = 8
const INSERT_A_ROW = /^insert (into .* values )(\([?, ]+\))$/i

const player = (db: DatabaseSync, sql: string): ((values: readonly SQLInputValue[]) => void) => {
  const width = sql.split('?').length - 1
  const one = db.prepare(sql)
  const [, insert, row] = INSERT_A_ROW.exec(sql) ?? []
  const rows = () => Array(ROWS_A_CALL).fill(row).join(', ')
  const many = insert === undefined ? null : db.prepare(`INSERT OR FAIL ${insert}${rows()}`)
  return (values) => {
    const rest = many === null ? 0 : runAll(many, values, 0, width * ROWS_A_CALL)
    runAll(one, values, rest, width)
  }
}

/** Runs as often as there are `width` values from `from` on; answers where those begin that are left. */
const runAll = (statement: StatementSync, values: readonly SQLInputValue[], from: number, width: number): number => {
  let at = from
  for (; at + width <= values.length; at += width) statement.run(...values.slice(at, at + width))
  return at
}
