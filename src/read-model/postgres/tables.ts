/** The read model's tables in PostgreSQL, made from the tables as data: one schema for each set of them. */
import { hash } from 'node:crypto'
import { type CreateTableBuilder, sql } from 'kysely'
import { FOLD_VERSION } from '../../../projections/current-run.ts'
import { PROJECTIONS, type ProjectedTable, TABLES } from '../../../projections/projections.ts'
import { type Column, columnsOf, type Index, type RowOf, type Table } from '../../../projections/table.ts'
import { STATEMENTS } from './kysely.ts'

/** Goes up with every change of the form of tables that is no change of a projection's version. */
const LAYOUT_VERSION = 1

/** What rows are made of which tables by this program: programs of another set fill schemas of their own. */
export const TABLE_SET: string = hash(
  'sha256',
  JSON.stringify([
    LAYOUT_VERSION,
    FOLD_VERSION,
    PROJECTIONS.map(({ name, version, tables }) => [name, version, tables]),
  ]),
).slice(0, 12)

/** The schema that holds one generation of a set's tables; each rebuild makes the next. */
export const schemaName = (generation: number, set: string = TABLE_SET): string => `rm_${set}_${generation}`

type JsonColumn<Of extends Table> = {
  [Name in keyof Of['columns']]: Of['columns'][Name]['type'] extends 'json' ? Name : never
}[keyof Of['columns']] &
  string

type StoredRow<Of extends Table> = RowOf<Of> &
  (Of['columns'] extends { run_id: Column } ? Readonly<{ part: number }> : unknown) & {
    readonly [Name in `${JsonColumn<Of>}_json`]: unknown
  }

/** The types of the projected tables, for queries with `withSchema(schemaName(generation))`. */
export type Projected = { readonly [Of in ProjectedTable as Of['name']]: StoredRow<Of> }

/** A column in which rows name the part of their run. */
export const PART = 'part'

/** Whether rows of `table` name the part of their run: those that name the run itself. */
export const namesPart = (table: Table): boolean => 'run_id' in table.columns

/** The column that holds a JSON column as `jsonb`, for searches: `jsonb` does not keep the text as it was. */
export const jsonCopyOf = (column: string): string => `${column}_json`

/** The columns that have such a copy. */
export const jsonColumnsOf = (table: Table): readonly string[] =>
  columnsOf(table).filter((column) => table.columns[column]?.type === 'json')

const { schema } = STATEMENTS

/** The statements that make a schema with all tables and indexes. */
export const createTables = (name: string): readonly string[] => [
  schema.createSchema(name).compile().sql,
  ...TABLES.flatMap((table) => [tableStatement(name, table), ...indexStatements(name, table)]),
]

const tableStatement = (name: string, table: Table): string => {
  const inSchema = schema.withSchema(name)
  let create: CreateTableBuilder<string, string> = inSchema.createTable(table.name)
  for (const [column, { type, nullable }] of Object.entries(table.columns))
    create = create.addColumn(column, SQL_TYPES[type], (of) => (nullable ? of : of.notNull()))
  for (const column of jsonColumnsOf(table))
    create = create.addColumn(jsonCopyOf(column), 'jsonb', (of) => of.notNull())
  if (namesPart(table)) create = create.addColumn(PART, 'int2', (of) => of.notNull())
  if (table.key.length > 0) create = create.addPrimaryKeyConstraint(`${table.name}_key`, [...table.key])
  return create.compile().sql
}

// Texts compare by their bytes, as they do in SQLite.
const TEXT = sql`text collate "C"`

const SQL_TYPES = { text: TEXT, json: TEXT, integer: sql`int8`, real: sql`float8` } as const satisfies Record<
  Column['type'],
  unknown
>

const indexStatements = (name: string, table: Table): readonly string[] =>
  Object.entries(table.indexes).map(([index, { columns, whereNotNull }]) => {
    const create = schema
      .withSchema(name)
      .createIndex(`${table.name}_${index}`)
      .on(table.name)
      .columns([...columns, ...rowNumberOf(table, columns)])
    return (whereNotNull === undefined ? create : create.where(sql.ref(whereNotNull), 'is not', null)).compile().sql
  })

/** In SQLite an index ends in the row's own number by itself: see `entries`. */
const rowNumberOf = (table: Table, columns: Index['columns']): readonly string[] =>
  table.key.length === 1 && table.stored === 'by-key' ? table.key.filter((key) => !columns.includes(key)) : []

const indexedColumns = (table: Table): ReadonlySet<string> =>
  new Set([...table.key, ...Object.values(table.indexes).flatMap(({ columns }) => columns)])

/** Columns whose texts must fit into an index: a row of one takes at most 2,704 bytes. */
export const indexedTextsOf = (table: Table): readonly string[] => {
  const indexed = indexedColumns(table)
  return columnsOf(table).filter((column) => table.columns[column]?.type === 'text' && indexed.has(column))
}

/** The schema of what processes share: which tables there are, and who projects which part. */
export const REGISTRY = 'run_ledger'

/**
 * `projection_sets`: `live` is the generation that is read (null until the first has caught up), `next` the one that is being
 * made. `projection_parts`: `position` is how far a part's rows are of the log, `epoch` counts its owners.
 */
export type Registry = Readonly<{
  projection_sets: Readonly<{ set: string; live: number | null; next: number | null; used_at: Date }>
  projection_processes: Readonly<{ id: string; set: string; expires_at: Date }>
  projection_leases: Readonly<{ set: string; generation: number; part: number; owner: string | null; expires_at: Date }>
  projection_parts: Readonly<{
    set: string
    generation: number
    part: number
    epoch: number
    position: string
    last_event_position: string
    event_id: string | null
    event_stream: string | null
    event_revision: number | null
    first_event_id: string | null
    heartbeat: Date | null
  }>
  projection_requests: Readonly<{
    id: string
    set: string
    generation: number
    part: number
    run_id: string | null
    requested_at: Date
    done_at: Date | null
  }>
}>

// The rows of parts are updated by every commit: with room in their page, no index is touched (heap-only tuples).
export const CREATE_REGISTRY = `
  CREATE SCHEMA IF NOT EXISTS ${REGISTRY};
  CREATE TABLE IF NOT EXISTS ${REGISTRY}.projection_sets (
    set text PRIMARY KEY, live int8, next int8, used_at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE IF NOT EXISTS ${REGISTRY}.projection_processes (
    id uuid PRIMARY KEY, set text NOT NULL, expires_at timestamptz NOT NULL);
  CREATE TABLE IF NOT EXISTS ${REGISTRY}.projection_leases (
    set text, generation int8, part int2, owner uuid, expires_at timestamptz NOT NULL,
    PRIMARY KEY (set, generation, part)) WITH (fillfactor = 20);
  CREATE TABLE IF NOT EXISTS ${REGISTRY}.projection_parts (
    set text, generation int8, part int2, epoch int8 NOT NULL, position text COLLATE "C" NOT NULL,
    last_event_position text COLLATE "C" NOT NULL, event_id text, event_stream text, event_revision int8,
    first_event_id text, heartbeat timestamptz, PRIMARY KEY (set, generation, part)) WITH (fillfactor = 20);
  CREATE TABLE IF NOT EXISTS ${REGISTRY}.projection_requests (
    id uuid, set text NOT NULL, generation int8 NOT NULL, part int2, run_id text COLLATE "C",
    requested_at timestamptz NOT NULL DEFAULT now(), done_at timestamptz, PRIMARY KEY (id, part));`
