import { expect, onTestFinished, test } from 'vitest'
import { openPool } from '../../../src/read-model/postgres/connection.ts'
import { queriesOn } from '../../../src/read-model/postgres/kysely.ts'
import { attempt, isDiskFull, isMissingTable } from '../../../src/read-model/postgres/postgres-failure.ts'
import { type Projected, REGISTRY, type Registry, schemaName } from '../../../src/read-model/postgres/tables.ts'
import { ensureRegistry } from '../../../src/read-model/postgres/writing/generations.ts'
import { testDatabase } from '../../support/postgres/postgres.ts'

const PLACE = 'postgres://here/ledger'

const open = (url: string) => {
  const limits = { statementTimeoutMs: 50, answerTimeoutMs: 60_000, idleInTransactionMs: 60_000 }
  const pool = openPool(url, { name: 'test', max: 1, ...limits, onLost: () => undefined })
  onTestFinished(() => pool.end())
  return pool
}

test('what the server or the network is to blame for is a failure, with the place and without the password', async () => {
  const url = await testDatabase()
  const failing = async (at: string, statement: string) => attempt(PLACE, () => open(at).query(statement))
  const refused = new URL(url)
  refused.port = '1'
  const wrong = new URL(url)
  wrong.password = 'secret'
  const elsewhere = new URL(url)
  elsewhere.pathname = '/missing'
  for (const at of [refused.href, wrong.href, elsewhere.href]) {
    const failed = await failing(at, 'SELECT 1')
    expect(failed).toMatchObject({ left: { _tag: 'ReadModelOutOfReach', path: PLACE } })
    expect(JSON.stringify(failed)).not.toContain('secret')
  }
  expect(await failing(url, 'SELECT pg_sleep(60)')).toMatchObject({ left: { _tag: 'ReadModelOutOfReach' } })
  expect(await failing(url, 'SELECT 1')).toMatchObject({ _tag: 'Right' })
})

test('a statement that is wrong is a bug, and thrown', async () => {
  const pool = open(await testDatabase())
  await expect(attempt(PLACE, () => pool.query('SELEC 1'))).rejects.toThrow('syntax error')
  await expect(attempt(PLACE, () => pool.query('SELECT 1 / 0'))).rejects.toThrow('division by zero')
})

test('tables that are gone are told from others', async () => {
  const pool = open(await testDatabase())
  const missing = await queriesOn<Projected>(pool)
    .withSchema(schemaName(1))
    .selectFrom('runs')
    .select('part')
    .execute()
    .catch((error) => error)
  expect([isMissingTable(missing), isDiskFull(missing)]).toEqual([true, false])
  await ensureRegistry(pool)
  const sets = queriesOn<Registry>(pool).withSchema(REGISTRY).selectFrom('projection_sets').selectAll()
  expect(await sets.execute()).toEqual([])
})
