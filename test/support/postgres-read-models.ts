/** Read models in PostgreSQL that hold what a projector has written into SQLite, row by row. */
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { TABLES } from '../../projections/projections.ts'
import { columnsOf, type Table } from '../../projections/table.ts'
import { openPostgresReadModel } from '../../src/read-model/postgres/open.ts'
import { PARTS, partOf } from '../../src/read-model/postgres/parts.ts'
import {
  CREATE_REGISTRY,
  createTables,
  jsonColumnsOf,
  namesPart,
  REGISTRY,
  schemaName,
  TABLE_SET,
} from '../../src/read-model/postgres/tables.ts'
import { escapeNul, escapeNulInJson } from '../../src/read-model/postgres/text.ts'
import type { ReadModel } from '../../src/read-model/read-model.ts'
import { testDatabase } from './postgres.ts'
import { type OwnReadModel, openOwnReadModel } from './read-models.ts'
import { rightOf } from './scenario.ts'

export type PostgresCopy = Pick<OwnReadModel, 'project' | 'readModel'> &
  Readonly<{
    /** Of its database. */
    url: string
    execute: (sql: string) => Promise<pg.QueryResult>
  }>

const GENERATION = 1

/** `url` of an empty database. `through`: where the read model is reached, if not there. */
export const openPostgresCopy = async (url?: string, through?: string): Promise<PostgresCopy> => {
  const database = url ?? (await testDatabase())
  const own = await openOwnReadModel()
  const pool = new pg.Pool({ connectionString: database, max: 1 })
  pool.on('error', () => undefined)
  onTestFinished(() => pool.end())
  await pool.query(CREATE_REGISTRY)
  await pool.query(createTables(schemaName(GENERATION)).join(';'))
  await pool.query(`INSERT INTO ${REGISTRY}.projection_sets (set, live) VALUES ('${TABLE_SET}', ${GENERATION})`)
  await pool.query(`INSERT INTO ${REGISTRY}.projection_parts (set, generation, part, epoch, position, last_event_position)
    SELECT '${TABLE_SET}', ${GENERATION}, part, 1, repeat('0', 20), repeat('0', 20) FROM generate_series(0, ${PARTS - 1}) AS part`)
  const readModel = await openedAt(through ?? database)
  return {
    url: database,
    readModel,
    execute: (sql) => pool.query(sql),
    project: async (events) => {
      await own.project(events)
      for (const table of TABLES) await copyTable(own.path, pool, table)
      await pool.query(`UPDATE ${REGISTRY}.projection_parts SET position = $1`, [events.at(-1)?.position])
    },
  }
}

const openedAt = async (url: string): Promise<ReadModel> => {
  const readModel = rightOf(await openPostgresReadModel({ url })())
  onTestFinished(() => readModel.close())
  return readModel
}

const copyTable = async (path: string, pool: pg.Pool, table: Table): Promise<void> => {
  const db = new DatabaseSync(path, { readOnly: true })
  const rows = db.prepare(`SELECT * FROM ${table.name}`).all()
  db.close()
  const into = `${schemaName(GENERATION)}.${table.name}`
  await pool.query(`DELETE FROM ${into}`)
  await pool.query(
    `INSERT INTO ${into} SELECT made.* FROM unnest($1::jsonb[]) AS row, jsonb_populate_record(null::${into}, row) AS made`,
    [rows.map((row) => JSON.stringify(storedRow(table, row)))],
  )
}

const storedRow = (table: Table, row: Readonly<Record<string, unknown>>) => ({
  ...Object.fromEntries(columnsOf(table).map((column) => [column, stored(row[column])])),
  ...Object.fromEntries(
    jsonColumnsOf(table).map((column) => [`${column}_json`, JSON.parse(escapeNulInJson(String(row[column])))]),
  ),
  ...(namesPart(table) ? { part: partOf(String(row['run_id'])) } : {}),
})

const stored = (value: unknown): unknown => (typeof value === 'string' ? escapeNul(value) : value)
