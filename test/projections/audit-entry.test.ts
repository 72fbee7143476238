import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entryTextOf } from '../../projections/audit-entry.ts'
import { type Change, changesOf } from '../../projections/changes.ts'
import type { Transition } from '../../projections/current-run.ts'
import { follow } from '../../projections/follow.ts'
import type { JsonObject } from '../../src/run/json.ts'
import type { Run } from '../../src/run/run.ts'
import { history } from '../support/histories.ts'
import { storedAs } from '../support/read-model/read-models.ts'
import { at, changed, completed, created, started } from '../support/run-builders.ts'
import { folded, rightOf } from '../support/scenario.ts'

const runOf = (run_metadata: JsonObject) => {
  const run = folded([created({ run_metadata })])
  if (run === null) throw new Error('no run')
  return run
}

test.each<[string, JsonObject, JsonObject, readonly Change[]]>([
  ['a new key', {}, { a: 1 }, [{ path: '/run_metadata/a', to: 1 }]],
  ['a key removed', { a: 1, b: 2 }, { b: 2 }, [{ path: '/run_metadata/a', from: 1 }]],
  ['inside an object', { a: { b: 1, c: 2 } }, { a: { b: 3, c: 2 } }, [{ path: '/run_metadata/a/b', from: 1, to: 3 }]],
  [
    'an array, as one',
    { a: [1, { b: 2 }] },
    { a: [1, { b: 3 }] },
    [{ path: '/run_metadata/a', from: [1, { b: 2 }], to: [1, { b: 3 }] }],
  ],
  ['an object for a scalar', { a: 1 }, { a: { b: 1 } }, [{ path: '/run_metadata/a', from: 1, to: { b: 1 } }]],
  ['a null that was sent at creation', { a: null }, { a: 0 }, [{ path: '/run_metadata/a', from: null, to: 0 }]],
  ['keys that a pointer has to escape', {}, { 'a/b~c': 1 }, [{ path: '/run_metadata/a~1b~0c', to: 1 }]],
  ['keys that every object seems to have', {}, { constructor: 1 }, [{ path: '/run_metadata/constructor', to: 1 }]],
  ['the order of keys: nothing', { a: [{ b: 1, c: 2 }] }, { a: [{ c: 2, b: 1 }] }, []],
])('a change of metadata: %s', (_, before, after, changes) => {
  expect(changesOf(runOf(before), runOf(after))).toEqual(changes)
})

test('a creation sets every field of the Run but its time of change', () => {
  expect(
    changesOf(null, runOf({ a: 1 }))
      .map(({ path }) => path)
      .join(' '),
  ).toBe('/run_id /run_group_id /policy_version_id /status /result /input_data /run_metadata /created_at /started_at')
})

test('changes come in the order of the fields of the Run', () => {
  const before = folded([created({ run_metadata: { b: 1 } }), started()])
  const after = folded([
    created({ run_metadata: { b: 1 } }),
    started(),
    completed({ result: 'YES', run_metadata: { a: 1, b: 2 } }),
  ])
  if (before === null || after === null) throw new Error('no run')
  expect(changesOf(before, after)).toEqual([
    { path: '/status', from: 'STARTED', to: 'SUCCESS' },
    { path: '/result', from: null, to: 'YES' },
    { path: '/run_metadata/b', from: 1, to: 2 },
    { path: '/run_metadata/a', to: 1 },
  ])
})

test('an Entry is one line, whatever its data were written on', () => {
  const stored = storedAs('run-1', 2, 3, changed({ occurred_at: at(5), reason: 'two\nlines' }))
  const spaced = { ...stored, data: JSON.stringify(JSON.parse(stored.data), null, 2) }
  const { text } = entryTextOf(spaced, null)
  expect(text).not.toContain('\n')
  expect(text).toBe(entryTextOf(stored, null).text)
  expect(JSON.parse(text)).toMatchObject({ reason: 'two\nlines', data: JSON.parse(stored.data) })
})

test('the text of an Entry is what JSON would write of it, whatever happened', () =>
  fc.assert(
    fc.property(history, (events) => {
      let run: Run | null = null
      for (const [revision, event] of events.entries()) {
        const stored = storedAs('run-1', revision, revision + 1, event)
        const transition: Transition = rightOf(follow(run, revision - 1, stored))
        run = transition.after
        const { data, metadata } = event
        const entry = {
          position: stored.position,
          event_id: stored.event_id,
          run_id: 'run-1',
          revision,
          type: event.type,
          schema_version: 1,
          occurred_at: data.occurred_at,
          occurred_at_from: metadata.occurred_at_from,
          recorded_at: stored.recorded_at,
          actor: metadata.actor,
          recorded_by: metadata.recorded_by,
          reason: data.reason ?? null,
          command_id: metadata.command_id,
          correlation_id: metadata.$correlationId,
          causation_id: metadata.$causationId,
          changes: changesOf(transition.before, transition.after),
          data,
        }
        expect(entryTextOf(stored, transition).text).toBe(JSON.stringify(entry))
      }
    }),
  ))
