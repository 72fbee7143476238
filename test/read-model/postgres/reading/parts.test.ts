/** Reading tables whose parts have got differently far. */
import { expect, test } from 'vitest'
import { partOf } from '../../../../src/read-model/postgres/parts.ts'
import { REGISTRY, schemaName, TABLE_SET } from '../../../../src/read-model/postgres/tables.ts'
import { openOwnPostgres } from '../../../support/postgres/postgres-read-models.ts'
import { positionAt, storedAs } from '../../../support/read-model/read-models.ts'
import { at, completed, created, started } from '../../../support/run-builders.ts'
import { rightOf } from '../../../support/scenario.ts'

const [BEHIND, AHEAD] = ['run-1', 'run-2'] as const

const log = [
  storedAs(BEHIND, 0, 1, created()),
  storedAs(AHEAD, 0, 2, created()),
  storedAs(BEHIND, 1, 3, started({ occurred_at: at(1) })),
  storedAs(AHEAD, 1, 4, started({ occurred_at: at(1) })),
  storedAs(AHEAD, 2, 5, completed({ occurred_at: at(2) })),
]

/** Of the run that is behind, the second event is not there yet; the other's part holds all. */
const openUnequal = async () => {
  const copy = await openOwnPostgres()
  await copy.project(log)
  await copy.execute(
    `UPDATE ${REGISTRY}.projection_parts SET position = '${positionAt(2)}' WHERE part = ${partOf(BEHIND)}`,
  )
  await copy.execute(`DELETE FROM ${schemaName(1)}.entries WHERE position = 3`)
  return copy
}

test('Entries of all runs stop where the part stands that is furthest behind', async () => {
  const { readModel } = await openUnequal()
  for (const sort of ['position', '-position', 'occurred_at', '-occurred_at'] as const) {
    const page = rightOf(await readModel.listEntries({ sort, limit: 10 })())
    expect(page.entries.map(({ position }) => position).toSorted()).toEqual([positionAt(1), positionAt(2)])
    expect(page).toMatchObject({ position: positionAt(2), next: null })
  }
})

test('Entries of named runs stop where the parts of these runs stand', async () => {
  const { readModel } = await openUnequal()
  const ofRun = async (run_id: string) => {
    const page = rightOf(await readModel.listEntries({ run_id: [run_id], sort: 'position', limit: 10 })())
    return [page.position, page.entries.length]
  }
  expect(await ofRun(AHEAD)).toEqual([positionAt(5), 3])
  expect(await ofRun(BEHIND)).toEqual([positionAt(2), 1])
})

test('a run, its steps and its place are those of its part', async () => {
  const { readModel } = await openUnequal()
  expect(rightOf(await readModel.getRun(AHEAD)())).toMatchObject({ position: positionAt(5), run: { revision: 2 } })
  expect(rightOf(await readModel.getRun(BEHIND)()).position).toBe(positionAt(2))
  expect(rightOf(await readModel.listSteps(AHEAD, { from: 0, limit: 10 })())).toMatchObject({
    position: positionAt(5),
    exists: true,
    next: null,
  })
})

test('what the ledger knew is listed as all parts have it', async () => {
  const { readModel } = await openUnequal()
  const known_at = log[4]?.recorded_at as string
  const page = rightOf(await readModel.listRuns({ known_at, sort: 'created_at', limit: 10, count: true })())
  expect(page.runs.map(({ run_id, revision }) => [run_id, revision])).toEqual([
    [BEHIND, 0],
    [AHEAD, 0],
  ])
  expect(page).toMatchObject({ position: positionAt(2), count: 2 })
})

test('a position is reached once every part has reached it', async () => {
  const { readModel, execute } = await openUnequal()
  expect(rightOf(await readModel.position()())).toBe(positionAt(2))
  expect(await readModel.waitFor(positionAt(3), 20)).toBe(false)
  const waiting = readModel.waitFor(positionAt(5), 60_000)
  await execute(`UPDATE ${REGISTRY}.projection_parts SET position = '${positionAt(5)}'`)
  expect(await waiting).toBe(true)
})

test('after a rebuild the tables that it has made are read, and those before them may go', async () => {
  const { readModel, execute } = await openUnequal()
  const read = async () => {
    const { position, run } = rightOf(await readModel.getRun(AHEAD)())
    const page = rightOf(await readModel.listRuns({ sort: 'created_at', limit: 10, count: false })())
    return [position, run?.revision, page.position, page.runs.length]
  }
  expect(await read()).toEqual([positionAt(5), 2, positionAt(2), 2])
  await execute(`ALTER SCHEMA ${schemaName(1)} RENAME TO ${schemaName(2)};
    UPDATE ${REGISTRY}.projection_parts SET generation = 2, position = '${positionAt(5)}';
    UPDATE ${REGISTRY}.projection_sets SET live = 2 WHERE set = '${TABLE_SET}'`)
  expect(await read()).toEqual([positionAt(5), 2, positionAt(5), 2])
})

test('while the tables are made for the first time there is no answer', async () => {
  const { readModel, execute } = await openUnequal()
  await execute(`UPDATE ${REGISTRY}.projection_sets SET live = NULL`)
  const unavailable = { left: { _tag: 'ReadModelUnavailable', detail: 'the read model is being made', damaged: false } }
  expect(await readModel.getRun(AHEAD)()).toMatchObject(unavailable)
  expect(await readModel.listRuns({ sort: 'created_at', limit: 10, count: false })()).toMatchObject(unavailable)
  expect(await readModel.waitFor(positionAt(1), 20)).toBe(false)
})
