import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  givePartsBack,
  leave,
  lookAtLeases,
  renew,
  takePart,
} from '../../../../src/read-model/postgres/projector/leases.ts'
import { REGISTRY } from '../../../../src/read-model/postgres/tables.ts'
import { generationTables } from '../../../../src/read-model/postgres/writing/generation-tables.ts'
import { ensureRegistry } from '../../../../src/read-model/postgres/writing/generations.ts'
import { readMarks } from '../../../../src/read-model/postgres/writing/part-marks.ts'
import { ensureSet } from '../../../../src/read-model/postgres/writing/table-set.ts'
import type { Fence, TableSet } from '../../../../src/read-model/projection-store.ts'
import { createBatchWriter } from '../../../../src/read-model/projector/batch-writer.ts'
import { foldBatch } from '../../../../src/read-model/projector/fold-batch.ts'
import { testDatabase } from '../../../support/postgres/postgres.ts'
import { poolAt } from '../../../support/postgres/postgres-projectors.ts'
import { positionAt, storedAs } from '../../../support/read-model/read-models.ts'
import { created } from '../../../support/run-builders.ts'
import { rightOf } from '../../../support/scenario.ts'

const GENERATION = 1
const [ONE, OTHER] = [randomUUID(), randomUUID()] as const

const openSet = async () => {
  const pool = poolAt(await testDatabase())
  await ensureRegistry(pool)
  await ensureSet(pool)
  return { pool, tables: generationTables({ pool, place: 'here' }, GENERATION) }
}

const lapse = (pool: ReturnType<typeof poolAt>) =>
  pool.query(
    `UPDATE ${REGISTRY}.projection_leases SET expires_at = now() - interval '1 second' WHERE owner IS NOT NULL`,
  )

const moving = async (tables: TableSet, part: number, epoch: number, to: string) => {
  const { position } = rightOf(await tables.parts())[part] as { position: string }
  const fence: Fence = { part, epoch, from: position, to }
  return tables.commit({ fences: [fence], events: null, changes: foldBatch(new Map(), []) })()
}

test('a free part is taken by one process, and its lease holds while it is renewed', async () => {
  const { pool } = await openSet()
  expect(await takePart(pool, GENERATION, 5, ONE)).toBe(2)
  expect(await takePart(pool, GENERATION, 5, OTHER)).toBeNull()
  await lapse(pool)
  await renew(pool, ONE)
  expect(await takePart(pool, GENERATION, 5, OTHER)).toBeNull()
  expect(await lookAtLeases(pool, GENERATION, ONE)).toMatchObject({ processes: 1, owned: [5] })
  expect((await lookAtLeases(pool, GENERATION, OTHER)).free).toHaveLength(63)
})

test('an owner that was frozen past its lease writes nothing when it wakes up', async () => {
  const { pool, tables } = await openSet()
  const epoch = (await takePart(pool, GENERATION, 5, ONE)) as number
  expect(await moving(tables, 5, epoch, positionAt(1))).toMatchObject({ _tag: 'Right' })
  await lapse(pool)
  const taken = (await takePart(pool, GENERATION, 5, OTHER)) as number
  expect(await moving(tables, 5, epoch, positionAt(2))).toMatchObject({ left: { _tag: 'FenceLost' } })
  expect(await moving(tables, 5, taken, positionAt(2))).toMatchObject({ _tag: 'Right' })
  // A renewal that comes too late changes nothing of that.
  await renew(pool, ONE)
  expect(await lookAtLeases(pool, GENERATION, ONE)).toMatchObject({ owned: [] })
})

test('of a batch over many parts nothing is written where one of them is lost', async () => {
  const { pool, tables } = await openSet()
  const marks = await readMarks(pool, GENERATION)
  const writer = createBatchWriter({ tables, marks, cacheCharacters: 1_000 })
  await takePart(pool, GENERATION, 63, OTHER)
  for (let i = 1; i <= 20; i += 1) writer.add(storedAs(`run-${i}`, 0, i, created()))
  expect(await writer.write(positionAt(20))()).toMatchObject({ left: { _tag: 'FenceLost' } })
  expect(rightOf(await tables.loadStates(['run-1'], 1)()).get('run-1')?.run).toBeNull()
  expect(rightOf(await tables.checkpoint())?.last_event_position).toBe(positionAt(0))
})

test('what a process gives back is free at once, and it keeps the rest', async () => {
  const { pool } = await openSet()
  await renew(pool, ONE)
  for (const part of [1, 2, 3]) await takePart(pool, GENERATION, part, ONE)
  await givePartsBack(pool, GENERATION, [1, 2], ONE)
  expect(await lookAtLeases(pool, GENERATION, ONE)).toMatchObject({ owned: [3] })
  expect(await takePart(pool, GENERATION, 1, OTHER)).toBe(3)
  await leave(pool, ONE)
  expect(await lookAtLeases(pool, GENERATION, ONE)).toMatchObject({ processes: 0, owned: [] })
  expect(await takePart(pool, GENERATION, 3, OTHER)).toBe(3)
})
