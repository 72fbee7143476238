/** The SQL of lists of Entries. */
import { sql } from 'kysely'
import { positionText } from '../../../event-store/event-store.ts'
import { damage } from '../../queries/damage.ts'
import type { ListStatements } from '../../queries/keyset-pagination.ts'
import type { EntryPath, EntryPlan } from '../../queries/list-entries.ts'
import type { StoredEntry } from '../../read-model.ts'
import {
  allOf,
  directionOf,
  MAX_TEXT_BYTES,
  type OrderColumns,
  orderBy,
  rangeConditions,
  type Sql,
} from '../../sql/conditions.ts'
import { drivingEntries, drivingTables, entryTables, hasId, testingEntries } from './entry-conditions.ts'
import { compiled, fixed, PARAMETER, type Statement } from './statements.ts'

export const entryStatements = (plan: EntryPlan): ListStatements<EntryPath, Statement, StoredEntry> => {
  const { column, descending, range: bounds } = plan
  const text = sql`case when octet_length(entry) <= ${Math.floor(MAX_TEXT_BYTES / plan.limit)} then entry end`

  const orderOf = ({ driver }: EntryPath): OrderColumns => {
    const position = POSITION_OF[driver?.kind ?? 'range']
    return { value: column === 'position' ? position : OCCURRED, tie: position, descending }
  }

  /** Inside a run the order of revisions is that of positions, and has an index. */
  const inOrder = ({ driver }: EntryPath, order: OrderColumns): Sql => {
    if (column === 'occurred_at') return orderBy(order)
    return sql`order by ${driver?.kind === 'run' ? sql.raw('entries.revision') : order.value} ${directionOf(descending)}`
  }

  return {
    rowsOn: (path, range, limit) => {
      const order = orderOf(path)
      return compiled(sql`select ${order.value}, ${order.tie}, entries.type, ${text}
        from ${entryTables(path.driver)} cross join entry_texts on entry_texts.position = entries.position
        where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])}
        ${inOrder(path, order)} limit 0 + ${limit}`)
    },
    keyAfter: (path, range, entries) => {
      const order = orderOf(path)
      return compiled(sql`select ${order.value}, ${order.tie}
        from ${column === 'position' ? drivingTables(path.driver) : entryTables(path.driver)}
        where ${allOf([...drivenBy(path), ...rangeConditions(order, range, bounds)])}
        ${inOrder(path, order)} limit 1 offset 0 + ${entries - 1}`)
    },
    keysFoundBy: (path, range, limit) => {
      // The `+` keeps the planner from leading by the index of the sort. Two ids of a filter may find the same entry.
      const order = { value: sql.raw(`+entries.${column}`), tie: sql.raw('+entries.position'), descending }
      return compiled(sql`select distinct ${sql.raw(`entries.${column}`)}, entries.position from ${entryTables(path.driver)}
        where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])} ${orderBy(order)} limit 0 + ${limit}`)
    },
    entriesUpTo: ({ driver }, most) =>
      compiled(sql`select count(*) from (select 1 from ${drivingTables(driver)}
        where ${allOf(driver === null ? [] : [drivingEntries(driver)])} limit 0 + ${most})`),
    itemOf: ([, position, type, entry]) =>
      typeof entry === 'string' ? { position: positionText(Number(position)), type: String(type), text: entry } : null,
    itemAt: function* ([, position]) {
      const [found] = yield oneEntry(position as number)
      if (found === undefined) throw damage(`the entry at ${position} has no text`)
      return { position: positionText(Number(position)), type: String(found[0]), text: String(found[1]) }
    },
    charactersOf: ({ text: { length } }) => length,
  }
}

const oneEntry = fixed<[position: number]>(sql`select entries.type, entry_texts.entry from entries
  cross join entry_texts on entry_texts.position = entries.position where entries.position = ${PARAMETER}`)

const OCCURRED = sql.raw('entries.occurred_at')

const POSITION_OF = {
  actor: sql.raw('entries.position'),
  range: sql.raw('entries.position'),
  // The `+` keeps the planner to the run's own index.
  run: sql.raw('+entries.position'),
  run_with: sql.raw('entries.position'),
  id: sql.raw('entry_ids.position'),
  result: sql.raw('entries.position'),
} as const

const drivenBy = ({ driver }: EntryPath): readonly Sql[] => (driver === null ? [] : [drivingEntries(driver)])

const foundBy = (path: EntryPath): readonly Sql[] => [
  ...drivenBy(path),
  ...(path.driver?.kind === 'id' ? [hasId(path.driver)] : []),
  ...path.tests.map(testingEntries),
]
