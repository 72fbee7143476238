import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { EventStore } from '../../../src/event-store/event-store.ts'
import { DROP_GUARDS, logPath, readModelPath, tamper } from '../../support/ledger-on-disk.ts'
import { append, expectedOf, fill, LIFE, readAt, startAt } from '../../support/read-model/projectors.ts'
import { contentsOf } from '../../support/read-model/read-models.ts'
import { changed, completed, created } from '../../support/run-builders.ts'
import { rightOf } from '../../support/scenario.ts'
import { openStore, testDirectory } from '../../support/stores.ts'

/** Makes the event of `run_id` at `revision` one of a type that nobody knows; `mend` gives it its own again. */
const spoil = (directory: string, run_id: string, revision: number) => {
  const where = `WHERE stream = 'run-${run_id}' AND revision = ${revision}`
  const db = new DatabaseSync(logPath(directory))
  const { type } = db.prepare(`SELECT type FROM events ${where}`).get() as { type: string }
  db.close()
  tamper(logPath(directory), `${DROP_GUARDS} UPDATE events SET type = 'RunInvented' ${where}`)
  return { mend: () => tamper(logPath(directory), `UPDATE events SET type = '${type}' ${where}`) }
}

const caughtUp = async (directory: string, store: EventStore) => {
  const projector = await startAt(directory)
  await projector.caughtUpTo(rightOf(await store.headPosition()()))
  return projector
}

test('an unreadable event stops its run alone; mended, a retry brings the run up to date', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  await fill(store, 3)
  const { mend } = spoil(directory, 'run-1', 1)
  const projector = await caughtUp(directory, store)
  const readModel = await readAt(directory)
  const quarantined = { run_id: 'run-1', revision: 1, type: 'RunInvented', detail: 'unknown event type' }
  expect(rightOf(await readModel.getRun('run-1')())).toMatchObject({
    run: { revision: 0, quarantined: 1 },
    quarantine: quarantined,
  })
  expect(rightOf(await readModel.getRun('run-2')())).toMatchObject({
    run: { revision: 3, quarantined: null },
    quarantine: null,
  })
  expect(
    rightOf(await readModel.projections()()).projections.flatMap((projection) => projection.quarantined),
  ).toMatchObject([quarantined])

  expect(rightOf(await projector.retry('all')())).toMatchObject({ recovered: [], quarantined: [quarantined] })
  mend()
  expect(rightOf(await projector.retry({ run_id: 'run-2' })())).toMatchObject({ recovered: [] })
  expect(rightOf(await projector.retry({ run_id: 'run-1' })())).toStrictEqual({ recovered: ['run-1'], quarantined: [] })
  expect(rightOf(await readModel.getRun('run-1')())).toMatchObject({
    run: { revision: 3, quarantined: null },
    quarantine: null,
  })
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 3))
})

test('what came while the run waited is there after the retry, and what comes later follows', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  await append(store, 'run-0', LIFE.slice(0, 2))
  const { mend } = spoil(directory, 'run-0', 1)
  const projector = await caughtUp(directory, store)
  await projector.caughtUpTo(await append(store, 'run-0', [changed({ status: 'WAITED' })], 2))
  mend()
  expect(rightOf(await projector.retry('all')()).recovered).toStrictEqual(['run-0'])
  await projector.caughtUpTo(await append(store, 'run-0', [completed({ result: 'APPROVED' })], 3))
  const readModel = await readAt(directory)
  expect(rightOf(await readModel.getRun('run-0')())).toMatchObject({ run: { revision: 3, quarantined: null } })
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 1))
})

test('every start tries again', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  await fill(store, 2)
  const { mend } = spoil(directory, 'run-1', 0)
  const first = await caughtUp(directory, store)
  const readModel = await readAt(directory)
  expect(rightOf(await readModel.getRun('run-1')())).toMatchObject({ run: null, quarantine: { revision: 0 } })
  await first.stop()
  mend()
  await startAt(directory)
  await expect.poll(async () => rightOf(await readModel.getRun('run-1')()).run?.revision).toBe(3)
  expect(rightOf(await readModel.getRun('run-1')()).quarantine).toBeNull()
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 2))
})

test('a run that can be read further, and not to its end, moves as far as it can', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  await fill(store, 1)
  const { mend } = spoil(directory, 'run-0', 1)
  tamper(logPath(directory), `UPDATE events SET data = '{}' WHERE revision = 3`)
  const projector = await caughtUp(directory, store)
  const readModel = await readAt(directory)
  expect(rightOf(await readModel.getRun('run-0')())).toMatchObject({ run: { revision: 0, quarantined: 1 } })
  mend()
  expect(rightOf(await projector.retry('all')())).toMatchObject({ recovered: [], quarantined: [{ revision: 3 }] })
  expect(rightOf(await readModel.getRun('run-0')())).toMatchObject({ run: { revision: 2, quarantined: 3 } })
})

test('an event that cannot follow, and a stream with a gap, are quarantined and named', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  await append(store, 'twice', [created(), created()])
  await append(store, 'gap', LIFE)
  tamper(logPath(directory), `${DROP_GUARDS} DELETE FROM events WHERE stream = 'run-gap' AND revision = 1`)
  await caughtUp(directory, store)
  const readModel = await readAt(directory)
  expect(rightOf(await readModel.projections()()).projections[0]?.quarantined).toMatchObject([
    { run_id: 'gap', revision: 2, type: 'RunStatusChanged', detail: 'revision 2 follows 0' },
    { run_id: 'twice', revision: 1, type: 'RunCreated' },
  ])
})

test('a rebuild quarantines what cannot be read, and frees what was mended', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  await fill(store, 3)
  const first = spoil(directory, 'run-0', 2)
  tamper(logPath(directory), `UPDATE events SET metadata = '[]' WHERE stream = 'run-run-1' AND revision = 3`)
  const projector = await caughtUp(directory, store)
  const readModel = await readAt(directory)
  const before = rightOf(await readModel.projections()()).projections[0]?.quarantined
  expect(before?.map(({ run_id }) => run_id)).toStrictEqual(['run-0', 'run-1'])
  first.mend()
  rightOf(await projector.rebuild()())
  expect(rightOf(await readModel.projections()()).projections[0]?.quarantined).toStrictEqual(before?.slice(1))
  expect(rightOf(await readModel.getRun('run-0')()).run?.revision).toBe(3)
  expect(rightOf(await readModel.getRun('run-1')())).toMatchObject({ run: { revision: 2, quarantined: 3 } })
})
