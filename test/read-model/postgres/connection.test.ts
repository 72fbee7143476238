import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openPool } from '../../../src/read-model/postgres/connection.ts'
import { testDatabase } from '../../support/postgres/postgres.ts'

const LIMITS = {
  name: 'test',
  max: 2,
  statementTimeoutMs: 30_000,
  answerTimeoutMs: 30_000,
  idleInTransactionMs: 30_000,
}

const open = (url: string, limits: Partial<typeof LIMITS> = {}) => {
  const lost: string[] = []
  const pool = openPool(url, { ...LIMITS, ...limits, onLost: (detail) => lost.push(detail) })
  onTestFinished(() => pool.end())
  return { pool, lost }
}

test('whole numbers come as numbers', async () => {
  const { pool } = open(await testDatabase())
  const { rows } = await pool.query(
    'SELECT 9007199254740991::int8 AS large, sum(n::int8) AS sum FROM (VALUES (1), (2)) AS of (n)',
  )
  expect(rows).toEqual([{ large: Number.MAX_SAFE_INTEGER, sum: 3 }])
})

test('a connection that the server ends while it is idle is replaced', async () => {
  const { pool, lost } = open(await testDatabase(), { max: 1 })
  const { rows } = await pool.query('SELECT pg_backend_pid() AS pid')
  const { pool: other } = open(pool.options.connectionString as string)
  await other.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
  await expect.poll(() => lost.length, { timeout: 60_000 }).toBe(1)
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
})

test('a transaction that waits longer than it may is ended by the server, and lets go of its locks', async () => {
  const { pool } = open(await testDatabase(), { idleInTransactionMs: 50 })
  await pool.query('CREATE TABLE t (n int)')
  const client = await pool.connect()
  const ended = new Promise((resolve) => client.on('error', resolve))
  await client.query('BEGIN')
  await client.query('LOCK TABLE t')
  expect(await ended).toMatchObject({ code: '25P03' })
  client.release(true)
  await pool.query('SELECT * FROM t')
})

test('a statement that takes longer than it may is cancelled', async () => {
  const { pool } = open(await testDatabase(), { statementTimeoutMs: 50 })
  await expect(pool.query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: '57014' })
})

test('sslmode means what it means to libpq', () => {
  const sslOf = (query: string) => {
    const { pool } = open(`postgres://me@host/db?${query}`)
    return (new pg.Client(pool.options as pg.ClientConfig) as unknown as { ssl: unknown }).ssl
  }
  expect(sslOf('sslmode=disable')).toBe(false)
  expect(sslOf('sslmode=require')).toMatchObject({ rejectUnauthorized: false })
  expect(sslOf('sslmode=verify-full')).toEqual({})
})
