import { randomUUID } from 'node:crypto'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { expect, test, vi } from 'vitest'
import { noteSetters, type Setters, setParts } from '../../projections/provenance.ts'
import { openReadModel } from '../../src/read-model/sqlite/open.ts'
import { openSnapshot } from '../../src/read-model/sqlite/snapshot.ts'
import type { JsonObject } from '../../src/run/json.ts'
import type { Run } from '../../src/run/run.ts'
import { exportXes } from '../../src/transfer/export-xes.ts'
import { verify } from '../../src/verify/verify.ts'
import { itemsIn, openOwnReadModel, positionAt, type Step, storedAs } from '../support/read-model/read-models.ts'
import { at, changed, completed, created, started } from '../support/run-builders.ts'
import { folded, rightOf } from '../support/scenario.ts'
import { eventsOf, openStore, testDirectory } from '../support/stores.ts'
import { readXes } from '../support/xes.ts'

const { upcast } = vi.hoisted(() => ({
  upcast: ({ patch, state, outcome, ...data }: JsonObject): JsonObject => ({
    ...data,
    ...(patch === undefined ? {} : { run_metadata: patch }),
    ...(state === undefined ? {} : { status: state }),
    ...(outcome === undefined ? {} : { result: outcome }),
  }),
}))

// An invented past: at schema version 1 a patch was called `patch`, a status `state`, and a result `outcome`. No test of a
// program without older versions can show that every view upcasts.
vi.mock('../../src/run/upcasters.ts', async (original) => ({
  ...(await original<typeof import('../../src/run/upcasters.ts')>()),
  CURRENT_VERSIONS: { RunCreated: 1, RunStarted: 1, RunStatusChanged: 2, RunCompleted: 2 },
  UPCASTERS: ['RunStatusChanged', 'RunCompleted'].map((type) => ({ type, from: 1, to: 2, upcast })),
}))

const BIG = 'x'.repeat(40_000)
const CHANGES = 60

/** The life of a run whose metadata is large: most of its versions are not stored, and have to be folded. */
const life = [
  created({ run_metadata: { big: BIG, n: 0 }, input_data: { amount: 5 } }),
  started({ occurred_at: at(1) }),
  ...Array.from({ length: CHANGES }, (_, i) =>
    changed({ status: `STEP_${i % 7}`, occurred_at: at(2 + i), run_metadata: { n: i + 1, [`k${i % 5}`]: { at: i } } }),
  ),
  completed({ result: 'APPROVED', occurred_at: at(100), run_metadata: { big: null, done: true } }),
]

const VERSION_1: Readonly<Record<string, string>> = { run_metadata: 'patch', status: 'state', result: 'outcome' }

/** Changes and completion as version 1 stored them. */
const log = life.map((event, revision) => {
  const stored = storedAs('old', revision, revision + 1, event)
  if (event.type !== 'RunStatusChanged' && event.type !== 'RunCompleted') return stored
  const data = Object.entries(JSON.parse(stored.data) as JsonObject).map(([key, value]) => [
    VERSION_1[key] ?? key,
    value,
  ])
  return { ...stored, data: JSON.stringify(Object.fromEntries(data)) }
})

const runs: readonly Run[] = life.map((_, revision) => ({
  ...(folded(life.slice(0, revision + 1)) as Run),
  run_id: 'old',
}))

const projected = async () => {
  const own = await openOwnReadModel()
  await own.project(log)
  return rightOf(await openReadModel({ path: own.path })())
}

const jsonOf = (text: string | null | undefined): unknown => JSON.parse(text ?? 'null')

test('the current Run is the fold of upcast events', async () => {
  const readModel = await projected()
  const { run, quarantine } = rightOf(await readModel.getRun('old')())
  expect(quarantine).toBeNull()
  expect(jsonOf(run?.text)).toStrictEqual(runs.at(-1))
})

test('lists of the past show each version as the fold of upcast events, by both times', async () => {
  const readModel = await projected()
  for (const [revision, run] of runs.entries()) {
    const query = { sort: '-last_updated_at', limit: 5, count: true } as const
    const asked = { ...query, as_of: run.last_updated_at, status: [run.status] }
    const then = rightOf(await readModel.listRuns(asked)())
    expect(then.count).toBe(1)
    expect(jsonOf(then.runs[0]?.text)).toStrictEqual(run)
    const { recorded_at: known_at = '' } = log[revision] ?? {}
    const known = rightOf(await readModel.listRuns({ ...query, sort: 'created_at', count: false, known_at })())
    expect(jsonOf(known.runs[0]?.text)).toStrictEqual(run)
  }
})

test('replay shows each step as the fold of upcast events, wherever its page begins', async () => {
  const readModel = await projected()
  for (const from of [0, 1, 17, 44, 62]) {
    const { text, next } = rightOf(await readModel.listSteps('old', { from, limit: 100 })())
    expect(itemsIn<Step>(text).map(({ run }) => run)).toStrictEqual(runs.slice(from))
    expect(next).toBeNull()
  }
})

test('entries keep the data as stored, and their changes are those of the fold', async () => {
  const readModel = await projected()
  const page = rightOf(await readModel.listEntries({ run_id: ['old'], sort: 'position', limit: 100 })())
  const entries = page.entries.map(({ text }) => JSON.parse(text))
  expect(entries.map(({ data }) => data)).toStrictEqual(log.map(({ data }) => JSON.parse(data)))
  expect(entries[2].changes).toContainEqual({ path: '/run_metadata/n', from: 0, to: 1 })
  expect(entries.at(-1).changes).toContainEqual({ path: '/result', from: null, to: 'APPROVED' })
})

test('provenance names the event of each part of the Run', async () => {
  const readModel = await projected()
  const page = rightOf(await readModel.listEntries({ run_id: ['old'], sort: 'position', limit: 100 })())
  const setters: Setters = new Map()
  for (const { text } of page.entries) noteSetters(setters, JSON.parse(text))
  const parts = [...setParts(runs.at(-1) as Run, setters)]
  const setterOf = (path: string) => Number(parts.find((part) => part.path === path)?.position)
  expect(setterOf('/run_metadata/n')).toBe(2 + CHANGES)
  expect(setterOf('/run_metadata/k3')).toBe(2 + CHANGES - 1)
  expect(setterOf('/result')).toBe(log.length)
})

test('verify finds the log readable, and its fold in every row', async () => {
  const directory = testDirectory()
  const store = await openStore(directory)
  for (const { type, data, metadata, revision } of log)
    rightOf(
      await store.append('old', revision === 0 ? 'no_stream' : revision - 1, [
        { event_id: randomUUID(), type, data, metadata },
      ])(),
    )
  const own = await openOwnReadModel()
  await own.project(await eventsOf(store, 'old'))
  const report = rightOf(
    await verify({ store, logFault: null, readModel: TE.fromEither(openSnapshot(own.path, 'live')) })(),
  )
  expect(report).toMatchObject({ events: log.length, runs: 1, counts: {}, findings: [] })
})

test('XES names each event by the status that the fold gave, also where a filter leaves out what set it', async () => {
  const readModel = await projected()
  const read = async (filters: object) => {
    const { signal } = new AbortController()
    const watch = { onProgress: () => undefined, signal, allowEmpty: true }
    let text = ''
    for await (const piece of exportXes(readModel, filters, positionAt(log.length), watch).pieces) text += piece
    return readXes(text).traces[0]?.events ?? []
  }
  expect((await read({})).map((event) => event['status'])).toStrictEqual(runs.map(({ status }) => status))
  expect(await read({ type: ['RunCompleted'] })).toMatchObject([{ status: 'SUCCESS', result: 'APPROVED' }])
})
