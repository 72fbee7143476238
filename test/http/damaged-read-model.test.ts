import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { damage, readModelPath } from '../support/ledger-on-disk.ts'
import { serverForTest } from '../support/network/http-server.ts'
import { testDirectory } from '../support/stores.ts'

const HANGS_MS = 120_000

test('while a damaged read model is made again, commands go on and reads answer 503; then all is there', async () => {
  const directory = testDirectory()
  const { get, post, readModel, store } = await serverForTest({ directory })
  const body = { policy_version_id: 'policy-1', input_data: { text: 'x'.repeat(900) } }
  await Promise.all(Array.from({ length: 300 }, () => post('/runs', body)))
  const head = await store.headPosition()()
  if (head._tag === 'Right') await readModel.waitFor(head.right, HANGS_MS)
  const path = readModelPath(directory)
  damage(path)
  const statuses = new Set<number>()
  const list = async (): Promise<number> => {
    const { statusCode } = await get('/runs?limit=1000&sort=last_updated_at')
    statuses.add(statusCode)
    return statusCode
  }
  await expect.poll(list, { timeout: HANGS_MS }).toBe(503)
  expect((await post('/runs', body)).statusCode).toBe(201)
  await expect.poll(list, { timeout: HANGS_MS }).toBe(200)
  await expect.poll(async () => (await get('/runs?count=true')).json().count, { timeout: HANGS_MS }).toBe(301)
  expect(statuses).toStrictEqual(new Set([200, 503]))
  expect(existsSync(`${path}.damaged`)).toBe(true)
})
