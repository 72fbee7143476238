import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openReadModel } from '../../../../src/read-model/sqlite/open.ts'
import { setAside } from '../../../../src/read-model/sqlite/set-aside.ts'
import { openOwnReadModel, storedAs } from '../../../support/read-model/read-models.ts'
import { created } from '../../../support/run-builders.ts'
import { rightOf } from '../../../support/scenario.ts'

const RUNS = 300

/** A read model whose file is whole, and nobody writes. */
const filled = async () => {
  const own = await openOwnReadModel()
  const big = 'x'.repeat(2_000)
  await own.project(
    Array.from({ length: RUNS }, (_, i) => storedAs(`run-${i}`, 0, i + 1, created({ input_data: { big } }))),
  )
  await own.close()
  return own.path
}

const PAGE_BYTES = 8_192

/** Every page but the first: the file opens, and nothing in it can be read. */
const damage = (path: string): void => {
  const file = openSync(path, 'r+')
  const noise = Buffer.alloc(PAGE_BYTES, 0xa5)
  for (let at = PAGE_BYTES; at < fstatSync(file).size; at += PAGE_BYTES) writeSync(file, noise, 0, PAGE_BYTES, at)
  closeSync(file)
}

test('damage that a read meets is its failure, for every question, and the process lives on', async () => {
  const path = await filled()
  damage(path)
  const readModel = rightOf(await openReadModel({ path })())
  const unavailable = { _tag: 'Left', left: { _tag: 'ReadModelUnavailable' } }
  const all = { sort: '-created_at', limit: 10, count: true } as const
  for (const ask of [
    readModel.getRun('run-1'),
    readModel.listRuns(all),
    readModel.listRuns({ ...all, as_of: '2026-05-04T13:00:00.000Z' }),
    readModel.listEntries({ sort: 'position', limit: 10 }),
    readModel.listEntries({ type: ['RunStarted'], sort: 'position', limit: 10 }),
    readModel.listSteps('run-1', { from: 0, limit: 10 }),
    readModel.getRunGroup('group-1'),
    readModel.listRunGroups({ limit: 10 }),
    readModel.listPolicyVersions({ limit: 10 }),
    readModel.policyStats({ policy_version_id: 'policy-7', bucket: 'day' }),
    readModel.projections(),
    readModel.position(),
  ])
    expect(await ask()).toMatchObject(unavailable)
  expect(await readModel.waitFor('00000000000000000001', 1_000)).toBe(false)
  await readModel.close()
})

test('once another file is in the place of a damaged one, reads go on with it', async () => {
  const [path, other] = [await filled(), await filled()]
  damage(path)
  const readModel = rightOf(await openReadModel({ path })())
  expect(await readModel.getRun('run-1')()).toMatchObject({ _tag: 'Left' })
  setAside(path)
  renameSync(other, path)
  await expect
    .poll(async () => await readModel.getRun('run-1')(), { timeout: 60_000 })
    .toMatchObject({ _tag: 'Right', right: { run: { run_id: 'run-1', revision: 0 } } })
  await readModel.close()
})

test('another file is noticed also where the one before it can still be read', async () => {
  const path = await filled()
  const readModel = rightOf(await openReadModel({ path })())
  expect(rightOf(await readModel.position()())).toBe(String(RUNS).padStart(20, '0'))
  const fresh = await openOwnReadModel()
  await fresh.project([storedAs('only', 0, 1, created())])
  await fresh.close()
  setAside(path)
  renameSync(fresh.path, path)
  await expect.poll(async () => rightOf(await readModel.getRun('only')()).run?.run_id, { timeout: 60_000 }).toBe('only')
  await readModel.close()
})
