/** Makes collected changes in one set of tables. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ChangeSet, TableChanges, Values } from '../../../../projections/collect-changes.ts'
import { TABLES } from '../../../../projections/projections.ts'
import { columnsOf, keyOf, type Table } from '../../../../projections/table.ts'
import { nameIn, type SetName } from '../tables.ts'
import { insertion, merging, removal, removalAtZero, updating } from './table-statements.ts'

/** Makes all changes, in a transaction of the caller's that fails as a whole, and returns how many rows they were. */
export type ChangePlayer = (changes: ChangeSet) => number

/** Table by table, and statement by statement: so the file's many trees are visited one after another. */
export const createChangePlayer = (db: DatabaseSync, set: SetName): ChangePlayer => {
  const players = TABLES.map((table) => [table.name, tablePlayer(db, nameIn(set, table), table)] as const)
  return (changes) => {
    let rows = 0
    for (const [name, play] of players) {
      const of = changes.get(name)
      if (of !== undefined) rows += play(of)
    }
    return rows
  }
}

// Eight rows a call take a tenth less than one.
const ROWS_A_CALL = 8

const tablePlayer = (db: DatabaseSync, name: string, table: Table): ((changes: TableChanges) => number) => {
  const width = columnsOf(table).length
  const keyWidth = keyOf(table).length
  // A set's tables may be missing until a rebuild begins, and most ways to update are never taken.
  const prepared = new Map<string, StatementSync>()
  const statement = (sql: () => string, of: string): StatementSync => {
    let found = prepared.get(of)
    if (found === undefined) {
      found = db.prepare(sql())
      prepared.set(of, found)
    }
    return found
  }
  const put = (values: Values): number => {
    const many = width * ROWS_A_CALL
    const rest = values.length - (values.length % many)
    if (rest > 0)
      runAll(
        statement(() => insertion(name, table, ROWS_A_CALL), 'put-many'),
        values,
        0,
        rest,
        many,
      )
    if (rest < values.length)
      runAll(
        statement(() => insertion(name, table, 1), 'put'),
        values,
        rest,
        values.length,
        width,
      )
    return values.length / width
  }
  const remove = (values: Values): number =>
    runAll(
      statement(() => removal(name, table), 'remove'),
      values,
      0,
      values.length,
      keyWidth,
    )
  const update = (mask: number, values: Values): number =>
    runAll(
      statement(() => updating(name, table, mask), `update ${mask}`),
      values,
      0,
      values.length,
      bitsOf(mask) + keyWidth,
    )
  const merge = (values: Values): number => {
    const rows = runAll(
      statement(() => merging(name, table), 'merge'),
      values,
      0,
      values.length,
      width,
    )
    if (table.goneAtZero !== undefined) removeAtZero(table.goneAtZero, values)
    return rows
  }
  // Only what has become less may have come to zero.
  const removeAtZero = (count: string, values: Values): void => {
    const place = columnsOf(table).indexOf(count)
    for (let at = 0; at < values.length; at += width)
      if ((values[at + place] as number) < 0)
        statement(() => removalAtZero(name, table, count), 'remove-at-zero').run(...values.slice(at, at + keyWidth))
  }
  return ({ removes, puts, updates, merges }) => {
    let rows = 0
    if (removes.length > 0) rows += remove(removes)
    if (puts.length > 0) rows += put(puts)
    for (const [mask, values] of updates) rows += update(mask, values)
    if (merges.length > 0) rows += merge(merges)
    return rows
  }
}

/** Runs `statement` with every `width` values of those in [`from`, `to`); returns how often. */
const runAll = (statement: StatementSync, values: Values, from: number, to: number, width: number): number => {
  for (let at = from; at < to; at += width) statement.run(...values.slice(at, at + width))
  return (to - from) / width
}

const bitsOf = (mask: number): number => {
  let bits = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) bits += 1
  return bits
}
