import { expect, test } from 'vitest'
import { REGISTRY } from '../../../../src/read-model/postgres/tables.ts'
import { testDatabase } from '../../../support/postgres/postgres.ts'
import { poolAt, sharesIn, startInto } from '../../../support/postgres/postgres-projectors.ts'
import { postgresContents, postgresTexts, rowTexts } from '../../../support/postgres/postgres-stores.ts'
import { append, expectedOf, fill, LIFE } from '../../../support/read-model/projectors.ts'
import type { Contents } from '../../../support/read-model/read-models.ts'
import { openStore, testDirectory } from '../../../support/stores.ts'

const WAIT = { timeout: 120_000 }

test('a projector fills the tables of a new database, and follows the log', async () => {
  const [directory, url] = [testDirectory(), await testDatabase()]
  const store = await openStore(directory)
  await fill(store, 30)
  const projector = await startInto(directory, url)
  const last = await append(store, 'run-30', LIFE)
  expect(await projector.caughtUpTo(last)).toBe(true)
  const expected = rowTexts((await expectedOf(store, 31)) as Contents)
  expect(postgresTexts(await postgresContents(poolAt(url)))).toEqual(expected)
})

test('processes share the parts, and what one gives back is taken by the others', async () => {
  const [directory, url] = [testDirectory(), await testDatabase()]
  const store = await openStore(directory)
  const pool = poolAt(url)
  const one = await startInto(directory, url)
  expect(await one.caughtUpTo(await fill(store, 40))).toBe(true)
  await expect.poll(() => sharesIn(pool), WAIT).toEqual([64])
  const other = await startInto(directory, url)
  await expect.poll(() => sharesIn(pool), WAIT).toEqual([32, 32])
  const third = await startInto(directory, url)
  await expect.poll(() => sharesIn(pool), WAIT).toEqual([20, 22, 22])
  const last = await append(store, 'run-40', LIFE)
  expect(await third.caughtUpTo(last)).toBe(true)
  await one.stop()
  await expect.poll(() => sharesIn(pool), WAIT).toEqual([32, 32])
  await third.stop()
  await expect.poll(() => sharesIn(pool), WAIT).toEqual([64])
  expect(await other.caughtUpTo(await append(store, 'run-41', LIFE))).toBe(true)
  expect(postgresTexts(await postgresContents(pool))).toEqual(rowTexts((await expectedOf(store, 42)) as Contents))
  expect((await pool.query(`SELECT count(*) AS n FROM ${REGISTRY}.projection_processes`)).rows).toEqual([{ n: 1 }])
})
