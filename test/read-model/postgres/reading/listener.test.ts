import { expect, onTestFinished, test } from 'vitest'
import { openPool } from '../../../../src/read-model/postgres/connection.ts'
import { listenOn } from '../../../../src/read-model/postgres/reading/listener.ts'
import { testDatabase } from '../../../support/postgres/postgres.ts'
import { execute } from '../../../support/postgres/postgres-server.ts'

const LIMITS = {
  name: 'listening',
  max: 1,
  statementTimeoutMs: 30_000,
  answerTimeoutMs: 30_000,
  idleInTransactionMs: 30_000,
  onLost: () => undefined,
}

test('listening that is ended before it has begun leaves no session behind', async () => {
  const pool = openPool(await testDatabase(), LIMITS)
  const stop = listenOn(pool, 'moved')(() => undefined)
  stop()
  await pool.end()
  expect(pool.totalCount).toBe(0)
})

test('notifications are heard, also on the session that follows a lost one', async () => {
  const url = await testDatabase()
  const pool = openPool(url, LIMITS)
  onTestFinished(() => pool.end())
  let heard = 0
  const stop = listenOn(
    pool,
    'moved',
  )(() => {
    heard += 1
  })
  // Once it listens, it says that something may have been missed.
  await expect.poll(() => heard, { timeout: 60_000 }).toBe(1)
  await execute(url, 'NOTIFY moved')
  await expect.poll(() => heard, { timeout: 60_000 }).toBe(2)

  await execute(url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listening'`)
  await expect.poll(() => heard, { timeout: 60_000 }).toBeGreaterThanOrEqual(4)
  const before = heard
  await execute(url, 'NOTIFY moved')
  await expect.poll(() => heard, { timeout: 60_000 }).toBe(before + 1)
  stop()
  await expect
    .poll(
      async () => (await execute(url, `SELECT 1 FROM pg_stat_activity WHERE application_name = 'listening'`)).rowCount,
      { timeout: 60_000 },
    )
    .toBe(0)
})
