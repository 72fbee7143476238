import { expect, onTestFinished, test } from 'vitest'
import { TABLES } from '../../../projections/projections.ts'
import { columnsOf } from '../../../projections/table.ts'
import { openPool } from '../../../src/read-model/postgres/connection.ts'
import { PARTS, partOf } from '../../../src/read-model/postgres/parts.ts'
import { indexedTextsOf, REGISTRY, schemaName, TABLE_SET } from '../../../src/read-model/postgres/tables.ts'
import {
  createGeneration,
  dropGeneration,
  ensureRegistry,
} from '../../../src/read-model/postgres/writing/generations.ts'
import { testDatabase } from '../../support/postgres/postgres.ts'

const openEmpty = async () => {
  const pool = openPool(await testDatabase(), {
    name: 'test',
    max: 8,
    statementTimeoutMs: 60_000,
    answerTimeoutMs: 60_000,
    idleInTransactionMs: 60_000,
    onLost: () => undefined,
  })
  onTestFinished(() => pool.end())
  return pool
}

test('many processes that start at once make the registry once', async () => {
  const pool = await openEmpty()
  await Promise.all(Array.from({ length: 8 }, () => ensureRegistry(pool)))
  expect((await pool.query(`SELECT count(*) AS n FROM ${REGISTRY}.projection_sets`)).rows).toEqual([{ n: 0 }])
})

test('a generation has every table, with texts that compare by their bytes', async () => {
  const pool = await openEmpty()
  await ensureRegistry(pool)
  const client = await pool.connect()
  await createGeneration(client, 1)
  client.release()
  const { rows } = await pool.query(
    `SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) AS columns,
       bool_and(data_type <> 'text' OR collation_name = 'C') AS bytes
     FROM information_schema.columns WHERE table_schema = $1 GROUP BY table_name`,
    [schemaName(1)],
  )
  const made = new Map(rows.map(({ table_name, columns }) => [table_name, columns]))
  expect([...made.keys()].sort()).toEqual(TABLES.map(({ name }) => name).sort())
  for (const table of TABLES) expect(made.get(table.name)).toEqual(expect.arrayContaining([...columnsOf(table)]))
  expect(made.get('runs')).toEqual(expect.arrayContaining(['part', 'input_data_json', 'run_metadata_json']))
  expect(rows.every(({ bytes }) => bytes)).toBe(true)
})

test('a generation begins with 64 parts that nobody owns, and nothing is left of one that is dropped', async () => {
  const pool = await openEmpty()
  await ensureRegistry(pool)
  const client = await pool.connect()
  await createGeneration(client, 1)
  const counts = `SELECT (SELECT count(*) FROM ${REGISTRY}.projection_parts) AS parts,
    (SELECT count(*) FROM ${REGISTRY}.projection_leases WHERE owner IS NULL AND expires_at < now()) AS free,
    (SELECT count(*) FROM information_schema.schemata WHERE schema_name = '${schemaName(1)}') AS schemas`
  expect((await pool.query(counts)).rows).toEqual([{ parts: PARTS, free: PARTS, schemas: 1 }])
  await dropGeneration(client, TABLE_SET, 1)
  client.release()
  expect((await pool.query(counts)).rows).toEqual([{ parts: 0, free: 0, schemas: 0 }])
})

test('the part of a run is the lowest six bits of the first byte of the SHA-256 of its id, for ever', () => {
  // printf %s run-1 | sha256sum
  expect(partOf('run-1')).toBe(0x4e & 63)
  expect(new Set(Array.from({ length: 2_000 }, (_, i) => partOf(`run-${i}`))).size).toBe(PARTS)
})

test('every text that an index holds is known as one that has to fit into it', () => {
  const entries = TABLES.find(({ name }) => name === 'entries')
  expect(entries && indexedTextsOf(entries)).toEqual([
    'run_id',
    'actor',
    'occurred_at',
    'known_from',
    'status',
    'result',
  ])
})
