/** Collects what projections make, as data: for each table the values of all its changes, one after another. */
import type { Changes } from './projection.ts'
import { type Column, columnsOf, keyOf, type Row, type Table, type Value } from './table.ts'

/** A value as a store takes it: of a JSON object its text. */
export type StoredValue = string | number | null

/** Values of many rows of one width, one row after another. */
export type Values = readonly StoredValue[]

/**
 * What to do to one table, in this order. A row is changed once, except that it may be removed and put again. An update is by
 * the columns that it sets, bit i for column i: their values, then those of the key.
 */
export type TableChanges = Readonly<{
  removes: Values
  puts: Values
  updates: ReadonlyMap<number, Values>
  merges: Values
}>

/** What to do to all tables, by name. */
export type ChangeSet = ReadonlyMap<string, TableChanges>

export type ChangeCollector = Readonly<{
  out: Changes
  /** How many changes of rows `take` would return, and how many characters of text they hold. */
  size: () => Readonly<{ changes: number; characters: number }>
  /** What was collected of rows since the last time. Sums are held back, so that each is merged once. */
  take: () => ChangeSet
  /** The same with all sums. */
  takeAll: () => ChangeSet
}>

type Rows = { removes: StoredValue[]; puts: StoredValue[]; updates: Map<number, StoredValue[]> }

export const createChangeCollector = (): ChangeCollector => {
  let rows = new Map<Table, Rows>()
  let sums = new Map<Table, Map<string, StoredValue[]>>()
  let changes = 0
  let characters = 0

  const rowsOf = (table: Table): Rows => {
    let found = rows.get(table)
    if (found === undefined) {
      found = { removes: [], puts: [], updates: new Map() }
      rows.set(table, found)
    }
    changes += 1
    return found
  }
  const add = (list: StoredValue[], value: Value | undefined): void => {
    const stored = storedValue(value)
    if (typeof stored === 'string') characters += stored.length
    list.push(stored)
  }
  const update = (table: Table, row: Row, before: Row): void => {
    const mask = changedColumns(row, before)
    if (mask === 0) return
    const { updates } = rowsOf(table)
    let list = updates.get(mask)
    if (list === undefined) {
      list = []
      updates.set(mask, list)
    }
    for (let i = 0; i < row.length; i += 1) if (mask & (1 << i)) add(list, row[i])
    for (const i of keyPlaces(table)) list.push(storedValue(row[i]))
  }

  const out: Changes = {
    put: (table, row, before) => {
      if (before !== undefined) return update(table, row, before)
      const { puts } = rowsOf(table)
      // By index: an iterator makes an object for every value, a tenth of all that a rebuild leaves to the collector.
      for (let i = 0; i < row.length; i += 1) add(puts, row[i])
    },
    remove: (table, key) => {
      rowsOf(table).removes.push(...key.map(storedValue))
    },
    merge: (table, row) => mergeInto(sums, table, row),
  }

  const take = (): ChangeSet => {
    const taken = new Map([...rows].map(([table, of]): [string, TableChanges] => [table.name, { ...of, merges: [] }]))
    rows = new Map()
    changes = 0
    characters = 0
    return taken
  }
  return {
    out,
    size: () => ({ changes, characters }),
    take,
    takeAll: () => {
      const merged = sums
      sums = new Map()
      const summed = [...merged].map(([table, all]) => [table.name, sumsOf(table, all)] as const)
      return new Map([...take(), ...summed.filter(([, { merges }]) => merges.length > 0)])
    },
  }
}

const storedValue = (value: Value | undefined): StoredValue =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? null)

/** A JSON object counts as changed where it is another object, even of the same text. */
const changedColumns = (row: Row, before: Row): number => {
  let mask = 0
  for (let i = 0; i < row.length; i += 1) if (row[i] !== before[i]) mask |= 1 << i
  return mask
}

const places = new WeakMap<Table, readonly number[]>()

/** Where in a row its key stands. */
const keyPlaces = (table: Table): readonly number[] => {
  let found = places.get(table)
  if (found === undefined) {
    const columns = columnsOf(table)
    found = keyOf(table).map((name) => columns.indexOf(name))
    places.set(table, found)
  }
  return found
}

const mergeInto = (sums: Map<Table, Map<string, StoredValue[]>>, table: Table, row: Row): void => {
  let rows = sums.get(table)
  if (rows === undefined) {
    rows = new Map()
    sums.set(table, rows)
  }
  // Ids, statuses and hours hold no line breaks, nor does JSON.
  let key = ''
  for (let i = 0; i < table.key.length; i += 1) key += `${row[i]}\n`
  const found = rows.get(key)
  if (found === undefined) rows.set(key, row.map(storedValue))
  else mergeRow(table, found, row)
}

/** `row` merged into `into`, which has the same key. */
const mergeRow = (table: Table, into: StoredValue[], row: Row): void => {
  const merges = mergesOf(table)
  for (let i = table.key.length; i < merges.length; i += 1) {
    // The order of texts is the order of times; only numbers are summed.
    const [one, other] = [into[i], row[i]] as [number, number]
    if (merges[i] === 'sum') into[i] = one + other
    else if (merges[i] === 'min' ? other < one : other > one) into[i] = other
  }
}

const merges = new WeakMap<Table, readonly Column['merge'][]>()

/** How each column of `table` is merged. */
const mergesOf = (table: Table): readonly Column['merge'][] => {
  let found = merges.get(table)
  if (found === undefined) {
    found = Object.values(table.columns).map(({ merge }: Column) => merge)
    merges.set(table, found)
  }
  return found
}

/** Without those that have come back to where they were: a count that is zero changes nothing. */
const sumsOf = (table: Table, rows: ReadonlyMap<string, StoredValue[]>): TableChanges => {
  const merged = mergesOf(table)
  const sumsOnly = merged.every((merge) => merge === undefined || merge === 'sum')
  const changing = [...rows.values()].filter(
    (row) => !sumsOnly || row.some((value, i) => merged[i] === 'sum' && value !== 0),
  )
  return { removes: [], puts: [], updates: new Map(), merges: changing.flat() }
}
