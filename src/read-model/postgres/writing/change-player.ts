/** Makes collected changes in one generation of the tables. */
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { ChangeSet, StoredValue, TableChanges, Values } from '../../../../projections/collect-changes.ts'
import { TABLES } from '../../../../projections/projections.ts'
import { columnsOf, keyOf, type Table } from '../../../../projections/table.ts'
import { compiled, execute } from '../kysely.ts'
import { copyText } from './copy-text.ts'
import { rowColumns, storedArrays, valueColumns } from './stored-columns.ts'
import { copying, insertion, merging, removal, removalAtZero, type Target, updating } from './table-statements.ts'

/** Makes all changes, table by table, in a transaction of the caller's that fails as a whole. */
export const playChanges = async (client: pg.ClientBase, schema: string, changes: ChangeSet): Promise<void> => {
  for (const table of TABLES) {
    const of = changes.get(table.name)
    if (of !== undefined) await playTable(client, { schema, table }, of)
  }
}

const playTable = async (client: pg.ClientBase, target: Target, changes: TableChanges): Promise<void> => {
  const { removes, puts, updates, merges } = changes
  if (removes.length > 0) await remove(client, target, removes)
  if (puts.length > 0) await put(client, target, puts)
  for (const [mask, values] of updates) await update(client, target, mask, values)
  if (merges.length > 0) await merge(client, target, merges)
}

const remove = (client: pg.ClientBase, target: Target, keys: Values): Promise<void> => {
  const columns = valueColumns(target.table, keyOf(target.table))
  return execute(client, removal(target, columns, storedArrays(columns, keys, keyOf(target.table).length)))
}

// Fewer are written sooner by one statement than by the three messages of a COPY.
const ROWS_BY_COPY = 16

const put = async (client: pg.ClientBase, target: Target, rows: Values): Promise<void> => {
  const columns = rowColumns(target.table)
  const arrays = storedArrays(columns, rows, columnsOf(target.table).length)
  if ((arrays[0]?.length ?? 0) < ROWS_BY_COPY) return execute(client, insertion(target, columns, arrays))
  await copy(client, copying(target, columns), arrays)
}

const copy = async (
  client: pg.ClientBase,
  statement: ReturnType<typeof copying>,
  arrays: readonly (readonly StoredValue[])[],
): Promise<void> => {
  const stream = client.query(copyFrom(compiled(statement).sql))
  await pipeline([Buffer.from(copyText(arrays))], stream)
}

const update = (client: pg.ClientBase, target: Target, mask: number, values: Values): Promise<void> => {
  const set = columnsOf(target.table).filter((_, i) => mask & (1 << i))
  const given = [...set, ...keyOf(target.table)]
  const columns = valueColumns(target.table, given)
  return execute(client, updating(target, columns, storedArrays(columns, values, given.length)))
}

const merge = async (client: pg.ClientBase, target: Target, rows: Values): Promise<void> => {
  const { table } = target
  const width = columnsOf(table).length
  const columns = rowColumns(table)
  await execute(client, merging(target, columns, storedArrays(columns, rows, width)))
  if (table.goneAtZero === undefined) return
  const lessened = lessenedKeys(table, table.goneAtZero, rows)
  if (lessened.length === 0) return
  const keys = valueColumns(table, table.key)
  await execute(client, removalAtZero(target, keys, storedArrays(keys, lessened, table.key.length), table.goneAtZero))
}

/** Only what has become less may have come to zero. */
const lessenedKeys = (table: Table, count: string, rows: Values): Values => {
  const width = columnsOf(table).length
  const place = columnsOf(table).indexOf(count)
  const keys: StoredValue[] = []
  for (let at = 0; at < rows.length; at += width)
    if ((rows[at + place] as number) < 0) keys.push(...rows.slice(at, at + table.key.length))
  return keys
}
