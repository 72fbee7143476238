import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startProjector } from '../../../src/read-model/projector/start-projector.ts'
import { projectionStatus } from '../../../src/read-model/queries/projection-status.ts'
import { openReadModel } from '../../../src/read-model/sqlite/open.ts'
import { DROP_GUARDS, damage, logPath, readModelPath, tamper } from '../../support/ledger-on-disk.ts'
import { startChild } from '../../support/processes/child.ts'
import { append, expectedOf, fill, LIFE, optionsAt, readAt, startAt } from '../../support/read-model/projectors.ts'
import { contentsOf, positionAt } from '../../support/read-model/read-models.ts'
import { rightOf } from '../../support/scenario.ts'
import { openStore, testDirectory } from '../../support/stores.ts'

test('an event is soon in the read model, and read once its position is waited for', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const projector = await startAt(directory)
  const readModel = await readAt(directory)
  const position = await append(store, 'run-1', LIFE)
  expect(await readModel.waitFor(position, 5_000)).toBe(true)
  expect(rightOf(await readModel.getRun('run-1')())).toMatchObject({ position, run: { revision: 3 }, quarantine: null })
  expect(await projector.caughtUpTo(position)).toBe(true)
  expect(projector.alive()).toBe(true)
})

test('waiting for a position that does not come ends with its time', async () => {
  const directory = testDirectory()
  await openStore(directory)
  const projector = await startAt(directory)
  const readModel = await readAt(directory)
  const began = performance.now()
  const waits = Array.from({ length: 200 }, () => readModel.waitFor(positionAt(1), 50))
  expect(new Set(await Promise.all(waits))).toStrictEqual(new Set([false]))
  expect(performance.now() - began).toBeGreaterThan(45)
  const waiting = projector.caughtUpTo(positionAt(1))
  await projector.stop()
  expect(await waiting).toBe(false)
  expect(await projector.rebuild()()).toMatchObject({ _tag: 'Left', left: { _tag: 'ProjectorStopped' } })
  expect(projector.alive()).toBe(false)
})

test('a projector that starts again goes on from its checkpoint', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  await fill(store, 20)
  for (let run = 20; run < 24; run += 1) {
    const projector = await startAt(directory)
    const position = await append(store, `run-${run}`, LIFE)
    if (run % 2 === 0) await projector.caughtUpTo(position)
    await projector.stop()
  }
  const last = await startAt(directory)
  await last.caughtUpTo(rightOf(await store.headPosition()()))
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 24))
})

test('events of other prefixes move the position and make no rows', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  await append(store, 'run-1', LIFE)
  tamper(
    logPath(directory),
    `INSERT INTO events SELECT position + 10, 'other-' || stream, revision, event_id, type, recorded_at, data, metadata FROM events`,
  )
  const projector = await startAt(directory)
  await projector.caughtUpTo(positionAt(14))
  await projector.stop()
  // The checkpoint lies beyond the last event of its own, and the projector starts all the same.
  await startAt(directory)
  const readModel = await readAt(directory)
  expect(rightOf(await readModel.listRuns({ sort: 'created_at', limit: 9, count: true })()).count).toBe(1)
  for (const status of rightOf(await projectionStatus(readModel, store)()).projections)
    expect(status).toMatchObject({ caught_up: true, position: positionAt(14) })
})

const CAUGHT_UP = { caught_up: true, lag_events: 0, lag_seconds: 0 }

test('the lag grows against the log while no projector runs, and goes when one does', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  await first.caughtUpTo(await append(store, 'run-1', LIFE))
  await first.stop()
  const readModel = await readAt(directory)
  expect(rightOf(await projectionStatus(readModel, store)()).projections[0]).toMatchObject(CAUGHT_UP)
  const position = await append(store, 'run-2', LIFE)
  await delay(30)
  const [early] = rightOf(await projectionStatus(readModel, store)()).projections
  expect(early).toMatchObject({ name: 'current-run', caught_up: false, lag_events: 4, rebuilding: false })
  await append(store, 'run-3', LIFE)
  await delay(30)
  const [late] = rightOf(await projectionStatus(readModel, store)()).projections
  expect(late?.lag_events).toBe(8)
  expect(late?.lag_seconds).toBeGreaterThan(early?.lag_seconds ?? Number.NaN)
  expect(late?.last_heartbeat).toBe(early?.last_heartbeat)
  await (await startAt(directory)).caughtUpTo(position)
  expect(await readModel.waitFor(rightOf(await store.headPosition()()), 5_000)).toBe(true)
  expect(rightOf(await projectionStatus(readModel, store)()).projections[0]).toMatchObject(CAUGHT_UP)
})

test('where the log does not answer, the lag is unknown and not zero', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  await startAt(directory)
  const readModel = await readAt(directory)
  await store.close()
  for (const status of rightOf(await projectionStatus(readModel, store)()).projections)
    expect(status).toMatchObject({ caught_up: false, lag_events: null, lag_seconds: null })
})

test('one read model has one projector', async () => {
  const directory = testDirectory()
  await openStore(directory)
  const projector = await startAt(directory)
  projector.announce('http://127.0.0.1:8080')
  expect(await startProjector(optionsAt(directory))()).toMatchObject({
    _tag: 'Left',
    left: {
      _tag: 'StoreInUse',
      path: readModelPath(directory),
      owner: { pid: process.pid, url: 'http://127.0.0.1:8080' },
    },
  })
  await projector.stop()
  await startAt(directory)
})

test('a log that is shorter than the read model is refused, and a rebuild makes it right', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  await first.caughtUpTo(await fill(store, 3))
  await first.stop()
  await store.close()
  for (const end of ['', '-wal', '-shm']) rmSync(`${logPath(directory)}${end}`, { force: true })
  const other = await openStore(directory)
  await append(other, 'run-0', LIFE.slice(0, 1))
  const refused = await startProjector(optionsAt(directory))()
  expect(refused).toMatchObject({
    _tag: 'Left',
    left: { _tag: 'CheckpointBeyondHead', checkpoint: positionAt(12), head: positionAt(1) },
  })
  expect(JSON.stringify(refused)).toContain('projections rebuild')
  const rebuilding = await startAt(directory, { rebuild: true })
  rightOf(await rebuilding.rebuild()())
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(other, 1))
})

test('tables of another version of the projection are made again, and shown until then', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  const position = await fill(store, 3)
  await first.caughtUpTo(position)
  await first.stop()
  tamper(readModelPath(directory), `UPDATE projections SET version = 0; UPDATE runs SET result = 'OLD'`)
  const readModel = await readAt(directory)
  expect(rightOf(await readModel.getRun('run-1')()).run?.text).toContain('OLD')
  const second = await startAt(directory)
  rightOf(await second.rebuild()())
  expect(await second.caughtUpTo(position)).toBe(true)
  expect(rightOf(await readModel.projections()()).projections[0]).toMatchObject({
    version: 1,
    rebuilding: false,
    position,
  })
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 3))
})

test('a file of another layout is filled again from the log', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  const position = await fill(store, 3)
  await first.caughtUpTo(position)
  await first.stop()
  tamper(readModelPath(directory), `ALTER TABLE runs RENAME COLUMN result TO outcome; PRAGMA user_version = 99`)
  expect(await openReadModel({ path: readModelPath(directory) })()).toMatchObject({
    left: { _tag: 'ReadModelOutdated' },
  })
  await (await startAt(directory)).caughtUpTo(position)
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 3))
})

test('what is no read model is refused, and left as it is', async () => {
  const directory = testDirectory()
  await openStore(directory)
  const path = readModelPath(directory)
  expect(await openReadModel({ path })()).toMatchObject({ left: { _tag: 'ReadModelMissing' } })
  writeFileSync(path, 'this is no database, however long it may be '.repeat(100))
  expect(await startProjector(optionsAt(directory))()).toMatchObject({ left: { _tag: 'ReadModelDamaged', path } })
  expect(await openReadModel({ path })()).toMatchObject({ left: { _tag: 'ReadModelDamaged', path } })
  rmSync(path)
  tamper(path, 'CREATE TABLE someone_elses (a)')
  expect(await startProjector(optionsAt(directory))()).toMatchObject({
    left: { _tag: 'ReadModelDamaged', detail: 'the file belongs to another program' },
  })
})

test('without a log there is nothing to project', async () => {
  expect(await startProjector(optionsAt(testDirectory()))()).toMatchObject({ left: { _tag: 'StoreMissing' } })
})

test('killed at any moment, it goes on, and nothing is lost or done twice', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const position = await fill(store, 1_500)
  for (const wait of [0, 10, 40]) {
    const child = startChild('project-log.ts', [directory])
    await child.line()
    await delay(wait)
    await child.kill()
  }
  const projector = await startAt(directory)
  await projector.caughtUpTo(position)
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 1_500))
})

test('what the tables refuse to take is tried again until they do', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const entries: string[] = []
  const projector = await startAt(directory, { log: ({ message }) => entries.push(message) })
  tamper(
    readModelPath(directory),
    `CREATE TRIGGER refuse BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'no room'); END`,
  )
  const position = await fill(store, 3)
  await expect.poll(() => entries.join()).toContain('no room')
  const readModel = await readAt(directory)
  expect(rightOf(await readModel.position()())).not.toBe(position)
  tamper(readModelPath(directory), 'DROP TRIGGER refuse')
  expect(await projector.caughtUpTo(position)).toBe(true)
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 3))
})

test('a read model that was made of another log is refused, and a rebuild makes it right', async () => {
  const [one, other] = [testDirectory(), testDirectory()]
  const store = await openStore(one)
  const first = await startAt(one)
  await first.caughtUpTo(await append(store, 'of-the-other', LIFE))
  await first.stop()
  const log = await openStore(other)
  const head = await fill(log, 3)
  cpSync(readModelPath(one), readModelPath(other))
  const refused = await startProjector(optionsAt(other))()
  expect(refused).toMatchObject({ left: { _tag: 'ForeignReadModel', path: readModelPath(other) } })
  expect(JSON.stringify(refused)).toContain('projections rebuild')
  const projector = await startAt(other, { rebuild: true })
  expect(await projector.caughtUpTo(head)).toBe(true)
  await projector.stop()
  expect(contentsOf(readModelPath(other))).toStrictEqual(await expectedOf(log, 3))
})

test('a log that has lost the event at the checkpoint, and begins as it did, is no other log', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  await append(store, 'run-0', LIFE)
  await first.caughtUpTo(await append(store, 'run-1', LIFE))
  await first.stop()
  await append(store, 'run-2', LIFE)
  tamper(logPath(directory), `${DROP_GUARDS} DELETE FROM events WHERE stream = 'run-run-1'`)
  const projector = await startAt(directory)
  expect(await projector.caughtUpTo(positionAt(12))).toBe(true)
})

test('nobody else may read the read model and what stands beside it', async () => {
  const directory = join(testDirectory(), 'new')
  mkdirSync(directory)
  const store = await openStore(directory)
  const path = join(directory, 'deeper', 'read-model.db')
  const projector = rightOf(await startProjector({ ...optionsAt(directory), path })())
  await projector.caughtUpTo(await append(store, 'run-1', LIFE))
  const modes = readdirSync(dirname(path)).map((name) => statSync(join(dirname(path), name)).mode & 0o077)
  await projector.stop()
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  expect(new Set(modes)).toStrictEqual(new Set([0]))
})

test('a sound read model on a full disk is not called damaged, and stays as it is', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  await first.caughtUpTo(await fill(store, 3))
  await first.stop()
  const child = startChild('open-read-model.ts', [readModelPath(directory)], 'ulimit -f 1')
  const opened = JSON.parse(await child.line()) as unknown
  expect(opened).toMatchObject({ _tag: 'Left', left: { _tag: 'ReadModelOutOfReach' } })
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 3))
})

test('a read model damaged on disk is set aside at the next start, and made again', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  const first = await startAt(directory)
  const position = await fill(store, 200)
  await first.caughtUpTo(position)
  await first.stop()
  damage(readModelPath(directory))
  const told: string[] = []
  const projector = await startAt(directory, { log: ({ message }) => told.push(message) })
  await append(store, 'run-200', LIFE)
  expect(await projector.caughtUpTo(rightOf(await store.headPosition()()))).toBe(true)
  expect(told.join()).toMatch(/the read model is damaged \(.*\): it is set aside as .*read-model\.db\.damaged/)
  await projector.stop()
  expect(contentsOf(readModelPath(directory))).toStrictEqual(await expectedOf(store, 201))
})
