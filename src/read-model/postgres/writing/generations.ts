/** Generations of the tables: each is a schema of its own, with 64 parts that projectors share. */
import type pg from 'pg'
import { START } from '../../../event-store/event-store.ts'
import { PARTS } from '../parts.ts'
import { CREATE_REGISTRY, createTables, REGISTRY, schemaName, TABLE_SET } from '../tables.ts'

// Those who make the same thing at the same time: one of them finds it made (postgresql.org/docs/current/errcodes-appendix.html).
const MADE_BY_ANOTHER = ['23505', '42P06', '42P07', '42710', '40P01', 'XX000']
const TRIES = 10

const LEAST_VERSION = 15

/** Why the server or the database cannot hold a read model; null where it can. */
export const unfitness = async (pool: pg.Pool): Promise<string | null> => {
  const { rows } = await pool.query(
    `SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_encoding') AS encoding`,
  )
  const { version, encoding } = rows[0] as { version: number; encoding: string }
  if (version < LEAST_VERSION) return `it runs PostgreSQL ${version}, and ${LEAST_VERSION} or later is needed`
  return encoding === 'UTF8' ? null : `the encoding of the database is ${encoding}, and must be UTF8`
}

/** Makes what processes share, where it is missing. */
export const ensureRegistry = async (pool: pg.Pool): Promise<void> => {
  const found = await pool.query('SELECT to_regclass($1) AS made', [`${REGISTRY}.projection_requests`])
  if (found.rows[0]?.made !== null) return
  for (let tries = 1; ; tries += 1) {
    try {
      await pool.query(CREATE_REGISTRY)
      return
    } catch (error) {
      const code = (error as pg.DatabaseError).code ?? ''
      if (!MADE_BY_ANOTHER.includes(code) || tries >= TRIES) throw error
    }
  }
}

/** Makes empty tables at the log's beginning, in a transaction of the caller's. */
export const createGeneration = async (client: pg.ClientBase, generation: number): Promise<void> => {
  await client.query(createTables(schemaName(generation)).join(';'))
  await client.query(
    `INSERT INTO ${REGISTRY}.projection_parts (set, generation, part, epoch, position, last_event_position)
     SELECT $1, $2, part, 1, $3, $3 FROM generate_series(0, $4) AS part`,
    [TABLE_SET, generation, START, PARTS - 1],
  )
  await client.query(
    `INSERT INTO ${REGISTRY}.projection_leases (set, generation, part, expires_at)
     SELECT $1, $2, part, '-infinity' FROM generate_series(0, $3) AS part`,
    [TABLE_SET, generation, PARTS - 1],
  )
}

/** Removes a generation and all that is said of it, in a transaction of the caller's. */
export const dropGeneration = async (client: pg.ClientBase, set: string, generation: number): Promise<void> => {
  await client.query(`DROP SCHEMA IF EXISTS ${schemaName(generation, set)} CASCADE`)
  for (const table of ['projection_leases', 'projection_parts', 'projection_requests'])
    await client.query(`DELETE FROM ${REGISTRY}.${table} WHERE set = $1 AND generation = $2`, [set, generation])
}
