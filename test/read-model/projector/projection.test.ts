import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { follow } from '../../../projections/follow.ts'
import type { StoredEvent } from '../../../src/event-store/event-store.ts'
import { createProjection } from '../../../src/read-model/projector/projection.ts'
import {
  BEGINNING,
  checkpointSaver,
  type FoldedEvents,
  putCheckpoint,
  readCheckpoint,
} from '../../../src/read-model/sqlite/checkpoint.ts'
import { openForWriting } from '../../../src/read-model/sqlite/database.ts'
import { metadataTexts } from '../../../src/read-model/sqlite/run-row.ts'
import { createIndexes, LIVE } from '../../../src/read-model/sqlite/tables.ts'
import { createBufferedTableWriter } from '../../../src/read-model/sqlite/writing/table-writer.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import type { Run } from '../../../src/run/run.ts'
import { history } from '../../support/arbitraries.ts'
import { contentsOf, interleaved, openOwnReadModel, positionAt, storedAs } from '../../support/read-models.ts'
import { changed, completed, created, started } from '../../support/run-builders.ts'
import { rightOf } from '../../support/scenario.ts'
import { testDirectory } from '../../support/stores.ts'

/** Histories of a few runs, mixed, and where batches end. */
const log = fc
  .tuple(
    fc.array(history, { minLength: 1, maxLength: 5 }),
    fc.array(fc.nat(20), { minLength: 1, maxLength: 30 }),
    fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
    fc.option(fc.nat(40), { nil: -1 }),
  )
  .map(([histories, picks, sizes, broken]) => {
    const runs = new Map<string, readonly RunEvent[]>(histories.map((events, i) => [`run-${i}`, events]))
    return { events: interleaved(runs, picks).map((event, i) => (i === broken ? spoilt(event) : event)), sizes }
  })

const spoilt = (event: StoredEvent): StoredEvent => ({ ...event, data: '{"run_id":"another"}' })

const batches = (events: readonly StoredEvent[], sizes: readonly number[]): StoredEvent[][] => {
  const cut: StoredEvent[][] = []
  for (let from = 0, i = 0; from < events.length; i += 1) {
    const size = sizes[i % sizes.length] as number
    cut.push(events.slice(from, from + size))
    from += size
  }
  return cut
}

type Expected = { run: Run | null; revision: number; quarantined: number | null }

/** The plain fold of each run's events, up to the first that cannot be read. */
const folds = (events: readonly StoredEvent[]): Map<string, Expected> => {
  const runs = new Map<string, Expected>()
  for (const event of events) {
    const at = runs.get(event.stream) ?? { run: null, revision: -1, quarantined: null }
    runs.set(event.stream, at)
    if (at.quarantined !== null) continue
    const followed = follow(at.run, at.revision, event)
    if (followed._tag === 'Left') at.quarantined = event.revision
    else Object.assign(at, { run: followed.right.after, revision: event.revision })
  }
  return runs
}

const projected = async (given: readonly StoredEvent[][], restartEvery: number, cacheCharacters?: number) => {
  const own = await openOwnReadModel(cacheCharacters)
  for (const [i, batch] of given.entries()) {
    own.project(batch)
    if (i % restartEvery === restartEvery - 1) own.projection.reset()
  }
  return own
}

test('the read model is the fold of every run, whatever the batches and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(log, fc.integer({ min: 1, max: 4 }), async ({ events, sizes }, restartEvery) => {
      const { readModel, path } = await projected(batches(events, sizes), restartEvery)
      for (const [run_id, { run, revision, quarantined }] of folds(events)) {
        const found = rightOf(await readModel.getRun(run_id)())
        expect(found.position).toBe(events.at(-1)?.position)
        expect(found.run?.text ?? null).toBe(run === null ? null : JSON.stringify(run))
        if (found.run !== null) expect(found.run).toMatchObject({ revision, quarantined })
        expect(found.quarantine?.revision ?? null).toBe(quarantined)
      }
      const values = [...folds(events).values()].flatMap(({ run }) =>
        run === null
          ? []
          : metadataTexts(run.run_metadata).map(([key, value]) => [key, value, run.created_at, run.run_id]),
      )
      const held = contentsOf(path).metadata_values.map((row) => Object.values(row as Record<string, string>))
      expect(held.map(String).sort()).toStrictEqual(values.map(String).sort())
    }),
    { numRuns: 60 },
  )
})

test('other batches and another size of memory make the same tables', async () => {
  await fc.assert(
    fc.asyncProperty(log, async ({ events, sizes }) => {
      const one = await projected([events as StoredEvent[]], 1)
      const many = await projected(batches(events, sizes), 3, 1)
      expect(contentsOf(many.path)).toStrictEqual(contentsOf(one.path))
    }),
    { numRuns: 30 },
  )
})

describe('the text of a run', () => {
  const texts = [
    'plain',
    '',
    'a "quoted" \\ back',
    'ünïcödé 🦊',
    'line\nbreak\ttab\u0001',
    '\u0000nul',
    '\u2028',
    '</script>',
  ]

  test.each(texts)('carries the result %j', async (result) => {
    const { project, readModel } = await openOwnReadModel()
    project([created(), started(), completed({ result })].map((event, i) => storedAs('run-1', i, i + 1, event)))
    expect(JSON.parse(rightOf(await readModel.getRun('run-1')()).run?.text ?? '')).toMatchObject({ result })
  })

  test.each(texts)('carries the metadata key and value %j, which the filter finds', async (text) => {
    const { project, readModel } = await openOwnReadModel()
    project([storedAs('run-1', 0, 1, created({ run_metadata: { [text]: text }, input_data: { [text]: [text] } }))])
    const list = await readModel.listRuns({ sort: 'created_at', limit: 2, count: true, metadata: [[text, text]] })()
    if (list._tag === 'Left') throw new Error(list.left.detail)
    expect(list.right.count).toBe(1)
    expect(JSON.parse(list.right.runs[0]?.text ?? '')).toMatchObject({
      input_data: { [text]: [text] },
      run_metadata: { [text]: text },
    })
  })
})

test('a run of an event that names another run is quarantined, and no other', async () => {
  const { project, readModel } = await openOwnReadModel()
  const good = [created(), started(), changed()].map((event, i) => storedAs('good', i, i + 1, event))
  const bad = [created(), started(), changed()].map((event, i) => storedAs('bad', i, i + 4, event))
  project([
    ...good,
    bad[0] as StoredEvent,
    { ...(bad[1] as StoredEvent), stream: 'bad', data: (good[1] as StoredEvent).data },
    bad[2] as StoredEvent,
  ])
  expect(rightOf(await readModel.getRun('good')())).toMatchObject({
    run: { revision: 2, quarantined: null },
    quarantine: null,
  })
  expect(rightOf(await readModel.getRun('bad')())).toMatchObject({
    run: { revision: 0, quarantined: 1 },
    quarantine: { revision: 1, type: 'RunStarted', since: bad[1]?.recorded_at },
  })
})

test('a gap in the revisions quarantines the run at the event after it', async () => {
  const { project, readModel } = await openOwnReadModel()
  project([storedAs('run-1', 0, 1, created()), storedAs('run-1', 2, 2, changed())])
  expect(rightOf(await readModel.getRun('run-1')()).quarantine).toMatchObject({
    revision: 2,
    detail: 'revision 2 follows 0',
  })
})

test('a run whose first event cannot be read has a quarantine and no Run', async () => {
  const { project, readModel } = await openOwnReadModel()
  project([{ ...storedAs('run-1', 0, 1, created()), type: 'RunInvented' }, storedAs('run-1', 1, 2, started())])
  expect(rightOf(await readModel.getRun('run-1')())).toMatchObject({
    position: '00000000000000000002',
    run: null,
    quarantine: { revision: 0, type: 'RunInvented', detail: 'unknown event type' },
  })
})

test('of events that could not be written nothing is shown, and they can be folded again', async () => {
  const { project, projection, readModel } = await openOwnReadModel()
  project([storedAs('run-1', 0, 1, created())])
  projection.apply(storedAs('run-1', 1, 2, started()))
  projection.reset()
  expect(rightOf(await readModel.getRun('run-1')()).run?.revision).toBe(0)
  project([storedAs('run-1', 1, 2, started()), storedAs('run-1', 2, 3, changed())])
  await nextTurn()
  expect(rightOf(await readModel.getRun('run-1')()).run?.revision).toBe(2)
})

test('a write that changes many large runs is several transactions, and goes on after the last of them', async () => {
  const directory = testDirectory()
  const db = rightOf(openForWriting(join(directory, 'read-model.db')))
  onTestFinished(() => db.close())
  for (const index of createIndexes(LIVE, 1)) db.exec(index)
  putCheckpoint(db, 'projections', { generation: 1, ...BEGINNING })
  const save = checkpointSaver(db, 'projections')
  let saved: (string | null)[] = []
  let broken = Number.POSITIVE_INFINITY
  const saveCheckpoint = (position: string, events: FoldedEvents | null): void => {
    if (saved.length === broken) throw new Error('broken')
    saved.push(position)
    save(position, events)
  }
  const writer = createBufferedTableWriter(db, LIVE)
  const projection = createProjection({ db, writer, saveCheckpoint, cacheCharacters: 1_000_000 })
  const runs = Array.from({ length: 500 }, (_, i) => `run-${i}`)
  const large = created({ input_data: { text: 'x'.repeat(20_000) } })
  const creations = runs.map((run_id, i) => storedAs(run_id, 0, i + 1, large))
  const starts = runs.map((run_id, i) => storedAs(run_id, 1, i + 501, started()))
  const write = (events: readonly StoredEvent[], position: string): void => {
    saved = []
    for (const event of events) projection.apply(event)
    projection.write(position)
  }

  write(creations, positionAt(500))
  expect([saved.length, saved.at(-1)]).toStrictEqual([3, positionAt(500)])
  broken = 2
  expect(() => write(starts, positionAt(1_007))).toThrow('broken')
  expect(readCheckpoint(db, 'projections')).toMatchObject({ position: saved[1], last_event_position: saved[1] })
  broken = Number.POSITIVE_INFINITY
  projection.reset()
  write(
    starts.filter(({ position }) => position > (saved[1] as string)),
    positionAt(1_007),
  )
  expect(readCheckpoint(db, 'projections')).toMatchObject({
    position: positionAt(1_007),
    last_event_position: positionAt(1_000),
  })
  const { path, project } = await openOwnReadModel()
  project([...creations, ...starts])
  expect(contentsOf(join(directory, 'read-model.db'))).toStrictEqual(contentsOf(path))
})

test('a run that begins again, in a log that is not the one the tables were made of, is set aside at the second try', () => {
  const db = rightOf(openForWriting(join(testDirectory(), 'read-model.db')))
  onTestFinished(() => db.close())
  putCheckpoint(db, 'projections', { generation: 1, ...BEGINNING })
  const saveCheckpoint = checkpointSaver(db, 'projections')
  const options = { db, saveCheckpoint, cacheCharacters: 1_000_000 }
  const before = createProjection({ ...options, writer: createBufferedTableWriter(db, LIVE) })
  before.apply(storedAs('one', 0, 1, created()))
  before.write(positionAt(1))

  const after = createProjection({ ...options, writer: createBufferedTableWriter(db, LIVE) })
  const other = [storedAs('one', 0, 2, created()), storedAs('two', 0, 3, created())]
  const write = (): void => {
    for (const event of other) after.apply(event)
    after.write(positionAt(3))
  }
  expect(write).toThrow('UNIQUE')
  after.reset()
  write()
  expect(db.prepare('SELECT run_id FROM runs ORDER BY run_id').all()).toMatchObject([
    { run_id: 'one' },
    { run_id: 'two' },
  ])
  expect(db.prepare('SELECT run_id, revision FROM quarantine').all()).toMatchObject([{ run_id: 'one', revision: 0 }])
})
