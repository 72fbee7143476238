import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { follow } from '../../../projections/follow.ts'
import { metadataTexts } from '../../../projections/metadata-values.ts'
import type { StoredEvent } from '../../../src/event-store/event-store.ts'
import { createBatchWriter } from '../../../src/read-model/projector/batch-writer.ts'
import { openProjectionStore } from '../../../src/read-model/sqlite/writing/projection-store.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import type { Run } from '../../../src/run/run.ts'
import { history } from '../../support/histories.ts'
import {
  contentsOf,
  interleaved,
  openOwnReadModel,
  positionAt,
  storedAs,
} from '../../support/read-model/read-models.ts'
import { at, changed, completed, created, started } from '../../support/run-builders.ts'
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
    await own.project(batch)
    if (i % restartEvery === restartEvery - 1) await own.restart()
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
    await project([created(), started(), completed({ result })].map((event, i) => storedAs('run-1', i, i + 1, event)))
    expect(JSON.parse(rightOf(await readModel.getRun('run-1')()).run?.text ?? '')).toMatchObject({ result })
  })

  test.each(texts)('carries the metadata key and value %j, which the filter finds', async (text) => {
    const { project, readModel } = await openOwnReadModel()
    await project([
      storedAs('run-1', 0, 1, created({ run_metadata: { [text]: text }, input_data: { [text]: [text] } })),
    ])
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
  await project([
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
  await project([storedAs('run-1', 0, 1, created()), storedAs('run-1', 2, 2, changed())])
  expect(rightOf(await readModel.getRun('run-1')()).quarantine).toMatchObject({
    revision: 2,
    detail: 'revision 2 follows 0',
  })
})

test('a run whose first event cannot be read has a quarantine and no Run', async () => {
  const { project, readModel } = await openOwnReadModel()
  await project([{ ...storedAs('run-1', 0, 1, created()), type: 'RunInvented' }, storedAs('run-1', 1, 2, started())])
  expect(rightOf(await readModel.getRun('run-1')())).toMatchObject({
    position: '00000000000000000002',
    run: null,
    quarantine: { revision: 0, type: 'RunInvented', detail: 'unknown event type' },
  })
})

test('of events that could not be written nothing is shown, and they can be folded again', async () => {
  const { project, restart, writer, readModel } = await openOwnReadModel()
  await project([storedAs('run-1', 0, 1, created())])
  writer.add(storedAs('run-1', 1, 2, started()))
  await restart()
  expect(rightOf(await readModel.getRun('run-1')()).run?.revision).toBe(0)
  await project([storedAs('run-1', 1, 2, started()), storedAs('run-1', 2, 3, changed())])
  await nextTurn()
  expect(rightOf(await readModel.getRun('run-1')()).run?.revision).toBe(2)
})

test('a write that changes many large runs is several commits, and goes on after the last of them', async () => {
  const path = join(testDirectory(), 'read-model.db')
  const { live, beginLive, close } = rightOf(openProjectionStore(path))
  onTestFinished(close)
  rightOf(await beginLive())
  const marks = rightOf(await live.parts())
  let saved: string[] = []
  let broken = Number.POSITIVE_INFINITY
  const commit: typeof live.commit = (batch) => {
    if (saved.length === broken) return TE.left({ _tag: 'ReadModelOutOfReach', path, detail: 'broken' })
    saved.push(...batch.fences.map(({ to }) => to))
    return live.commit(batch)
  }
  const writer = createBatchWriter({ tables: { ...live, commit }, marks, cacheCharacters: 1_000_000 })
  const runs = Array.from({ length: 500 }, (_, i) => `run-${i}`)
  const large = created({ input_data: { text: 'x'.repeat(20_000) } })
  const creations = runs.map((run_id, i) => storedAs(run_id, 0, i + 1, large))
  const starts = runs.map((run_id, i) => storedAs(run_id, 1, i + 501, started()))
  const write = (events: readonly StoredEvent[], position: string) => {
    saved = []
    for (const event of events) writer.add(event)
    return writer.write(position)()
  }

  rightOf(await write(creations, positionAt(500)))
  expect(saved.at(-1)).toBe(positionAt(500))
  broken = 2
  expect(await write(starts, positionAt(1_007))).toMatchObject({ left: { detail: 'broken' } })
  const reached = rightOf(await live.checkpoint())
  expect(reached).toMatchObject({ position: saved[1], last_event_position: saved[1] })
  expect((saved[1] as string) < positionAt(1_000)).toBe(true)
  broken = Number.POSITIVE_INFINITY
  writer.reset(rightOf(await live.parts()))
  const rest = starts.filter(({ position }) => position > (saved[1] as string))
  rightOf(await write(rest, positionAt(1_007)))
  expect(rightOf(await live.checkpoint())).toMatchObject({
    position: positionAt(1_007),
    last_event_position: positionAt(1_000),
  })
  const own = await openOwnReadModel()
  await own.project([...creations, ...starts])
  expect(contentsOf(path)).toStrictEqual(contentsOf(own.path))
})

test('a run that begins again, in a log that is not the one the tables were made of, is quarantined', async () => {
  const { project, restart, path, readModel } = await openOwnReadModel()
  await project([storedAs('one', 0, 1, created())])
  await restart()
  await project([storedAs('one', 0, 2, created()), storedAs('two', 0, 3, created())])
  expect(contentsOf(path).runs).toMatchObject([{ run_id: 'one' }, { run_id: 'two' }])
  expect(rightOf(await readModel.getRun('one')()).quarantine).toMatchObject({ revision: 0 })
  expect(rightOf(await readModel.getRun('two')()).quarantine).toBeNull()
})

test('runs that have outgrown the memory they may take together are read from their rows again', async () => {
  const { live, beginLive, close } = rightOf(openProjectionStore(join(testDirectory(), 'read-model.db')))
  onTestFinished(close)
  const loaded: string[] = []
  const loadStates: typeof live.loadStates = (run_ids, most) => {
    loaded.push(...run_ids)
    return live.loadStates(run_ids, most)
  }
  rightOf(await beginLive())
  const marks = rightOf(await live.parts())
  const writer = createBatchWriter({ tables: { ...live, loadStates }, marks, cacheCharacters: 5_000 })
  const big = changed({ occurred_at: at(10), run_metadata: { big: 'x'.repeat(3_000) } })
  let position = 0
  for (const [revision, event] of [created(), started(), big].entries())
    for (const run_id of ['one', 'other']) {
      position += 1
      writer.add(storedAs(run_id, revision, position, event))
      rightOf(await writer.write(positionAt(position))())
    }
  expect(loaded).toStrictEqual(['one', 'other'])
  writer.add(storedAs('one', 3, 7, changed({ occurred_at: at(11) })))
  rightOf(await writer.write(positionAt(7))())
  expect(loaded).toStrictEqual(['one', 'other', 'one'])
})

test('a run quarantined before it began, in a log whose order is broken, stays so', async () => {
  const { project, restart, path } = await openOwnReadModel()
  await project([storedAs('one', 1, 1, started())])
  await restart()
  await project([storedAs('one', 0, 2, created())])
  expect(contentsOf(path).runs).toStrictEqual([])
  expect(contentsOf(path).quarantine).toMatchObject([{ run_id: 'one', revision: 1 }])
})
