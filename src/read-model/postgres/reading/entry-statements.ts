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
import {
  drivingEntries,
  drivingTables,
  entriesFoundUpTo,
  entryTables,
  hasId,
  testingEntries,
} from './entry-conditions.ts'
import { sortedKeys } from './run-statements.ts'
import { compiled, fixed, PARAMETER, type Statement, type Tables } from './statements.ts'

/** `until`: the position up to which all parts of the tables are whole, as a number: a part that is behind would insert before it. */
export const entryStatements = (tables: Tables) => {
  const one = fixed<[position: number]>(sql`select entries.type, entry_texts.entry from ${tables.entries} as entries
    join ${tables.entry_texts} as entry_texts on entry_texts.position = entries.position
    where entries.position = ${PARAMETER}`)

  return (plan: EntryPlan, until: number): ListStatements<EntryPath, Statement, StoredEntry> => {
    const { column, descending, range: bounds } = plan
    const text = sql`case when octet_length(entry) <= ${Math.floor(MAX_TEXT_BYTES / plan.limit)} then entry end`

    const orderOf = ({ driver }: EntryPath): OrderColumns => {
      const position = sql.raw(driver?.kind === 'id' ? 'entry_ids.position' : 'entries.position')
      return { value: column === 'position' ? position : OCCURRED, tie: position, descending }
    }

    /** Inside a run the order of revisions is that of positions, and has an index. */
    const inOrder = ({ driver }: EntryPath, order: OrderColumns): Sql => {
      if (column === 'occurred_at') return orderBy(order)
      const isOfOneRun = driver?.kind === 'run' && driver.values.length === 1
      return sql`order by ${isOfOneRun ? sql.raw('entries.revision') : order.value} ${directionOf(descending)}`
    }

    const drivenBy = ({ driver }: EntryPath): readonly Sql[] => (driver === null ? [] : [drivingEntries(driver)])
    const foundBy = (path: EntryPath): readonly Sql[] => [
      sql`entries.position <= ${until}`,
      ...drivenBy(path),
      ...(path.driver?.kind === 'id' ? [hasId(tables, path.driver)] : []),
      ...path.tests.map((test) => testingEntries(tables, test)),
    ]

    return {
      rowsOn: (path, range, limit) => {
        const order = orderOf(path)
        return compiled(sql`select ${order.value}, ${order.tie}, entries.type, ${text}
          from ${entryTables(tables, path.driver)}
            join ${tables.entry_texts} as entry_texts on entry_texts.position = entries.position
          where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])}
          ${inOrder(path, order)} limit ${limit}`)
      },
      keyAfter: (path, range, entries) => {
        const order = orderOf(path)
        return compiled(sql`select ${order.value}, ${order.tie}
          from ${column === 'position' ? drivingTables(tables, path.driver) : entryTables(tables, path.driver)}
          where ${allOf([...drivenBy(path), ...rangeConditions(order, range, bounds)])}
          ${inOrder(path, order)} limit 1 offset ${entries - 1}`)
      },
      keysFoundBy: (path, range, limit) => {
        // Two ids of a filter may find the same entry.
        const order = { value: sql.raw(`entries.${column}`), tie: sql.raw('entries.position'), descending }
        const found = sql`select distinct ${order.value} as value, ${order.tie} as tie from ${entryTables(tables, path.driver)}
          where ${allOf([...foundBy(path), ...rangeConditions(order, range, bounds)])}`
        return compiled(sortedKeys(found, plan, limit))
      },
      entriesUpTo: ({ driver }, most) => compiled(entriesFoundUpTo(tables, driver, most)),
      itemOf: ([, position, type, entry]) =>
        typeof entry === 'string'
          ? { position: positionText(Number(position)), type: String(type), text: entry }
          : null,
      itemAt: function* ([, position]) {
        const [found] = yield one(position as number)
        if (found === undefined) throw damage(`the entry at ${position} has no text`)
        return { position: positionText(Number(position)), type: String(found[0]), text: String(found[1]) }
      },
      charactersOf: ({ text: { length } }) => length,
    }
  }
}

const OCCURRED = sql.raw('entries.occurred_at')
