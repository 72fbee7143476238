/** The read model's tables in SQLite: the projected ones, made from data, and the checkpoints of the projections. */
import { type CreateIndexBuilder, type CreateTableBuilder, sql } from 'kysely'
import { type ProjectedTable, TABLES } from '../../../projections/projections.ts'
import type { Column, RowOf, Table } from '../../../projections/table.ts'
import type { Checkpoint } from '../projection-store.ts'
import { createQueries } from './kysely.ts'

export type CheckpointRow = Readonly<{ name: string; version: number }> & Omit<Checkpoint, 'isCurrent'>

type ProjectionRow = CheckpointRow & Readonly<{ last_heartbeat: string | null }>

type Projected = { readonly [Of in ProjectedTable as Of['name']]: RowOf<Of> }

/** The types of what queries are written for. */
export type Database = Projected &
  Readonly<{
    /** The checkpoint of the live tables, a row for each projection. */
    projections: ProjectionRow
    /** Of tables that a rebuild makes beside the live ones. */
    rebuilds: CheckpointRow
  }>

/** A set of the projected tables: those that are read, those that a rebuild fills, those that one has replaced. */
export type SetName = 'live' | 'next' | 'old'

const SUFFIXES: Readonly<Record<SetName, string>> = { live: '', next: '__next', old: '__old' }

/** What a projected table is called in a set. */
export const nameIn = (set: SetName, { name }: Pick<Table, 'name'>): string => `${name}${SUFFIXES[set]}`

// 'RunL', so that another program's file is never taken for a read model.
export const APPLICATION_ID = 0x52756e4c

/** Goes up with every change of the form of tables that is no change of a projection's version: the file is filled again. */
export const LAYOUT_VERSION = 7

const { schema } = createQueries<never>()

const CHECKPOINT_COLUMNS = `name TEXT PRIMARY KEY, version INTEGER NOT NULL, generation INTEGER NOT NULL, position TEXT NOT NULL,
  last_event_position TEXT NOT NULL, event_id TEXT, event_stream TEXT, event_revision INTEGER,
  first_event_id TEXT`

export const CHECKPOINT_TABLES = `
  CREATE TABLE projections (${CHECKPOINT_COLUMNS}, last_heartbeat TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE rebuilds (${CHECKPOINT_COLUMNS}) STRICT, WITHOUT ROWID;`

/** One statement for each table of `set`. */
export const createTables = (set: SetName): readonly string[] =>
  TABLES.map((table) => tableStatement(nameIn(set, table), table).compile().sql)

/** One statement for each index of `set`, which may be there already. */
export const createIndexes = (set: SetName, generation: number): readonly string[] =>
  TABLES.flatMap((table) =>
    Object.entries(table.indexes).map(([name, { columns, whereNotNull }]) => {
      const index = schema
        .createIndex(indexName(table, name, generation))
        .ifNotExists()
        .on(nameIn(set, table))
        .columns([...columns]) as CreateIndexBuilder<string>
      return (whereNotNull === undefined ? index : index.where(whereNotNull, 'is not', null)).compile().sql
    }),
  )

/** An index is called by its table's generation, so that it can be made beside that of the table that it replaces. */
const indexName = ({ name }: Table, index: string, generation: number): string => `${name}_${index}_${generation}`

export const dropTables = (set: SetName): readonly string[] =>
  TABLES.map((table) => `DROP TABLE IF EXISTS ${nameIn(set, table)}`)

export const renameTables = (from: SetName, to: SetName): readonly string[] =>
  TABLES.map((table) => `ALTER TABLE ${nameIn(from, table)} RENAME TO ${nameIn(to, table)}`)

const tableStatement = (name: string, table: Table): CreateTableBuilder<string, string> => {
  let create: CreateTableBuilder<string, string> = schema.createTable(name)
  for (const [column, { type, nullable }] of Object.entries(table.columns))
    create = create.addColumn(column, SQL_TYPES[type], (of) => (nullable ? of : of.notNull()))
  if (table.key.length > 0) create = create.addPrimaryKeyConstraint('key', [...table.key])
  return create.modifyEnd(isByRowNumber(table) ? sql`strict` : sql`strict, without rowid`)
}

const SQL_TYPES = { text: 'text', json: 'text', integer: 'integer', real: 'real' } as const satisfies Record<
  Column['type'],
  string
>

/** A key that is one integer is SQLite's own row number. */
export const isByRowNumber = ({ stored, key, columns }: Table): boolean =>
  stored === 'as-they-come' || (key.length === 1 && columns[key[0] ?? '']?.type === 'integer')
