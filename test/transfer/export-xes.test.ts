import { expect, test } from 'vitest'
import type { EntryAnswer } from '../../src/api/entries.ts'
import type { EntryFilters, ReadModel } from '../../src/read-model/read-model.ts'
import { openReadModel } from '../../src/read-model/sqlite/open.ts'
import { entryForm, exportEntries } from '../../src/transfer/export-entries.ts'
import { exportXes } from '../../src/transfer/export-xes.ts'
import { changeRun, completeRun, createRun, startRun } from '../support/commands.ts'
import { textOf } from '../support/exports.ts'
import { openLedgerAt, readModelPath } from '../support/ledger-on-disk.ts'
import { rightOf } from '../support/scenario.ts'
import { testDirectory } from '../support/stores.ts'
import { readXes } from '../support/xes.ts'

const quiet = { onProgress: () => undefined, signal: new AbortController().signal, allowEmpty: true }

/** Runs of several kinds, one of which cannot be read after its third event, one not at all. */
const withLedger = async () => {
  const data = testDirectory()
  const { take, store, projector } = await openLedgerAt(data)
  const ids = Array.from({ length: 250 }, (_, n) => `loan-${n}`)
  await take(ids.map((id, n) => createRun(id, { actor: `desk ${n % 3}`, policy_version_id: `policy-${n % 2}` })))
  await take(ids.flatMap((id) => [startRun(id), changeRun(id, 'SCORED', { reason: 'a < b & "c"' })]))
  await take(ids.slice(0, 100).map((id) => completeRun(id)))
  await take([
    createRun('long'),
    startRun('long'),
    ...Array.from({ length: 700 }, (_, n) => changeRun('long', `S${n}`)),
  ])
  const foreign = () => ({ event_id: crypto.randomUUID(), type: 'RunTeleported', data: '{}', metadata: '{}' })
  await store.append('loan-200', 2, [foreign()])()
  await store.append('broken', 'no_stream', [foreign(), foreign()])()
  const head = await store.headPosition()()
  if (head._tag === 'Right') await projector.caughtUpTo(head.right)
  const readModel = await openReadModel({ path: readModelPath(data) })()
  if (readModel._tag === 'Left') throw new Error(JSON.stringify(readModel.left))
  return { readModel: readModel.right, until: rightOf(await readModel.right.position()()), take }
}

const EVENTS = 250 * 3 + 100 + 702 + 3
const RUNS = 252

const allEntries = async (readModel: ReadModel, until: string, filters: EntryFilters = {}) => {
  const walk = { ...filters, sort: 'position' as const, until }
  const text = await textOf(exportEntries(readModel, entryForm('ndjson', '/here'), walk, quiet))
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as EntryAnswer)
}

/** What a process miner needs of an event, found the same in both. */
const told = (entry: EntryAnswer) => {
  const statuses: Readonly<Record<string, unknown>> = { RunCreated: 'PENDING', RunStarted: 'STARTED' }
  const { run_id, type, actor, occurred_at, event_id, data } = entry
  return { run_id, type, actor, time: occurred_at, event_id, status: statuses[type] ?? data?.['status'] ?? null }
}

test('every event of the audit trail is in the trace of its run, with its type, status, actor and time', async () => {
  const { readModel, until } = await withLedger()
  const made = exportXes(readModel, {}, until, quiet)
  const { traces } = readXes(await textOf(made))
  expect(made.counts()).toMatchObject({ runs: RUNS, events: EVENTS, last_position: until })
  const found = traces.flatMap(({ attributes, events }) =>
    events.map((event) => ({
      run_id: attributes['concept:name'],
      type: event['type'],
      actor: event['org:resource'] ?? null,
      time: event['time:timestamp'] ?? null,
      event_id: event['identity:id'],
      status: event['status'] ?? null,
    })),
  )
  const byId = (one: Readonly<{ event_id: unknown }>, other: Readonly<{ event_id: unknown }>) =>
    String(one.event_id) < String(other.event_id) ? -1 : 1
  const expected = (await allEntries(readModel, until)).map(told)
  expect(found.toSorted(byId)).toEqual(expected.toSorted(byId))
  expect(traces.map(({ attributes }) => attributes['concept:name'])).toHaveLength(RUNS)
  expect(new Set(traces.map(({ attributes }) => attributes['concept:name'])).size).toBe(RUNS)
  for (const { events } of traces)
    expect(events.map((event) => event['revision'])).toEqual(events.map((_event, revision) => revision))
  await readModel.close()
})

test('filters leave the runs that have such entries, with those alone', async () => {
  const { readModel, until } = await withLedger()
  const asked: readonly (readonly [EntryFilters, number])[] = [
    [{ actor: ['desk 1'] }, 83],
    [{ policy_version_id: ['policy-1'], type: ['RunCompleted'] }, 50],
    [{ run_id: ['loan-3', 'broken', 'nowhere'] }, 2],
    [{ type: ['RunNeverHeardOf'] }, 0],
  ]
  for (const [filters, runs] of asked) {
    const made = exportXes(readModel, filters, until, quiet)
    const { traces } = readXes(await textOf(made))
    expect({ traces: traces.length, counted: made.counts().runs }).toEqual({ traces: runs, counted: runs })
    const found = traces.flatMap(({ events }) => events.map((event) => event['identity:id']))
    const expected = runs === 0 ? [] : await allEntries(readModel, until, filters)
    expect(found.toSorted()).toEqual(expected.map(({ event_id }) => event_id).toSorted())
  }
  await readModel.close()
})

test('what is recorded after an export began is not in it', async () => {
  const { readModel, until, take } = await withLedger()
  await take([createRun('late'), startRun('late')])
  expect(rightOf(await readModel.position()()) > until).toBe(true)
  const made = exportXes(readModel, {}, until, quiet)
  expect(readXes(await textOf(made)).traces.map(({ attributes }) => attributes['concept:name'])).not.toContain('late')
  expect(await allEntries(readModel, until)).toHaveLength(EVENTS)
  await readModel.close()
})

test('an export that is stopped says so', async () => {
  const { readModel, until } = await withLedger()
  const controller = new AbortController()
  const watch = { ...quiet, onProgress: () => controller.abort(), signal: controller.signal }
  const { pieces, fault } = exportXes(readModel, {}, until, watch)
  for await (const _ of pieces);
  expect(fault()).toEqual({ _tag: 'Stopped', detail: 'it was stopped' })
  await readModel.close()
})
