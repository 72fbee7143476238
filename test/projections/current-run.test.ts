import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evolve } from '../../projections/current-run.ts'
import type { RunEvent } from '../../src/run/events.ts'
import { history, violated } from '../support/histories.ts'
import { at, changed, completed, created, started } from '../support/run-builders.ts'
import { folded } from '../support/scenario.ts'

test('a whole life, field by field', () => {
  const events: RunEvent[] = [
    created({ run_group_id: 'g', input_data: { amount: 1 }, run_metadata: { a: 1, keep: null, deep: { x: 1, y: 2 } } }),
    started(),
    changed({ run_metadata: { a: null, deep: { x: null, z: [1, null] } } }),
    completed({ result: 'APPROVED', run_metadata: { b: 2 } }),
  ]
  const opened = {
    run_id: 'run-1',
    run_group_id: 'g',
    policy_version_id: 'policy-7',
    status: 'PENDING',
    result: null,
    input_data: { amount: 1 },
    run_metadata: { a: 1, keep: null, deep: { x: 1, y: 2 } },
    created_at: at(0),
    started_at: null,
    last_updated_at: at(0),
  }
  expect(folded(events.slice(0, 1))).toStrictEqual(opened)
  const running = { ...opened, status: 'STARTED', started_at: at(1), last_updated_at: at(1) }
  expect(folded(events.slice(0, 2))).toStrictEqual(running)
  const reviewed = { keep: null, deep: { y: 2, z: [1, null] } }
  const inReview = { ...running, status: 'IN_REVIEW', run_metadata: reviewed, last_updated_at: at(2) }
  expect(folded(events.slice(0, 3))).toStrictEqual(inReview)
  const run_metadata = { ...reviewed, b: 2 }
  const ended = { ...inReview, status: 'SUCCESS', result: 'APPROVED', run_metadata, last_updated_at: at(3) }
  expect(folded(events)).toStrictEqual(ended)
})

describe('an event cannot follow', () => {
  const life = [created(), started(), changed(), completed()]
  const other = { run_id: 'run-2' }
  test.each<[string, RunEvent[], RunEvent]>([
    ['a second creation', life.slice(0, 1), created()],
    ['a creation after the end', life, created()],
    ['a start of nothing', [], started()],
    ['a change of nothing', [], changed()],
    ['a completion of nothing', [], completed({ status: 'FAILURE' })],
    ['a second start', life.slice(0, 2), started()],
    ['a start after a change', life.slice(0, 3), started({ occurred_at: at(9) })],
    ['a change before the start', life.slice(0, 1), changed()],
    ['a success that never started', life.slice(0, 1), completed()],
    ['a start after the end', life, started({ occurred_at: at(9) })],
    ['a change after the end', life, changed({ occurred_at: at(9) })],
    ['a second completion', life, completed({ occurred_at: at(9) })],
    ['a start of another run', life.slice(0, 1), started(other)],
    ['a change of another run', life.slice(0, 2), changed(other)],
    ['a completion of another run', life.slice(0, 2), completed(other)],
    ['a start that occurred earlier', [created({ occurred_at: at(2) })], started()],
    ['a change that occurred earlier', life.slice(0, 2), changed({ occurred_at: at(0) })],
    ['a completion that occurred earlier', life.slice(0, 3), completed({ occurred_at: at(1) })],
  ])('%s', (_name, before, event) => {
    const result = evolve(folded(before), event)
    expect(result).toMatchObject({ _tag: 'Left', left: { _tag: 'CannotFollow', type: event.type } })
  })
})

test.each(['FAILURE', 'CANCELLED'] as const)('a run that never started can end as %s', (status) =>
  expect(folded([created(), completed({ status })])).toMatchObject({ status, started_at: null }),
)

test('folding changes neither the Run before nor the event', () =>
  fc.assert(
    fc.property(history, (events) => {
      const texts = events.map((event) => JSON.stringify(event))
      const runs = events.map((_, index) => folded(events.slice(0, index + 1)))
      const before = runs.map((run) => JSON.stringify(run))
      folded(events)
      expect(events.map((event) => JSON.stringify(event))).toStrictEqual(texts)
      expect(runs.map((run) => JSON.stringify(run))).toStrictEqual(before)
    }),
  ))

test('every Run has the ten fields, in the same order', () =>
  fc.assert(
    fc.property(history, (events) => {
      fc.pre(events.length > 0)
      expect(Object.keys(folded(events) ?? {}).join()).toBe(
        'run_id,run_group_id,policy_version_id,status,result,input_data,run_metadata,created_at,started_at,last_updated_at',
      )
    }),
  ))

test('an event that cannot come is refused after any history, and the Run stays as it was', () =>
  fc.assert(
    fc.property(violated, ({ events, wrong }) => {
      const run = folded(events)
      const text = JSON.stringify(run)
      expect(evolve(run, wrong)).toMatchObject({ _tag: 'Left', left: { _tag: 'CannotFollow', type: wrong.type } })
      expect(JSON.stringify(run)).toBe(text)
    }),
  ))
