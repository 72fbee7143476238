import { expect, test } from 'vitest'
import { changesOf } from '../../projections/changes.ts'
import { evolve } from '../../projections/current-run.ts'
import { noteSetters, type Setters, setParts } from '../../projections/provenance.ts'
import type { RunEvent } from '../../src/run/events.ts'
import type { Run } from '../../src/run/run.ts'
import { changed, completed, created, started } from '../support/run-builders.ts'
import { rightOf } from '../support/scenario.ts'

/** Which event, by its number, set each part of the run that `events` make. */
const settersOf = (...events: readonly RunEvent[]): Record<string, string> => {
  let run: Run | null = null
  const setters: Setters = new Map()
  for (const [number, event] of events.entries()) {
    const after: Run = rightOf(evolve(run, event))
    noteSetters(setters, { position: String(number), changes: changesOf(run, after) })
    run = after
  }
  if (run === null) throw new Error('no events')
  return Object.fromEntries([...setParts(run, setters)].map(({ path, position }) => [path, position]))
}

test('a new run was set by its creation, field by field and key by key', () => {
  expect(settersOf(created({ run_metadata: { desk: 1, 'a/b~c': null } }))).toEqual({
    '/run_id': '0',
    '/run_group_id': '0',
    '/policy_version_id': '0',
    '/status': '0',
    '/result': '0',
    '/input_data': '0',
    '/run_metadata': '0',
    '/run_metadata/desk': '0',
    '/run_metadata/a~1b~0c': '0',
    '/created_at': '0',
    '/started_at': '0',
    '/last_updated_at': '0',
  })
})

test('each later event set what it changed, and the time of the latest one is the last update', () => {
  const set = settersOf(
    created({ run_metadata: { desk: 1, team: { lead: 'a', size: 2 }, gone: true } }),
    started(),
    changed({ run_metadata: { team: { size: 3 }, gone: null, new: 1 } }),
    completed({ result: 'APPROVED' }),
  )
  expect(set).toMatchObject({
    '/created_at': '0',
    '/started_at': '1',
    '/status': '3',
    '/result': '3',
    '/last_updated_at': '3',
    '/run_metadata': '2',
    '/run_metadata/desk': '0',
    '/run_metadata/team': '2',
    '/run_metadata/new': '2',
  })
  expect(set).not.toHaveProperty(['/run_metadata/gone'])
})

test('setting a value that stands there already sets nothing; one that was removed and came back was set anew', () => {
  const set = settersOf(
    created({ run_metadata: { same: 1, back: 1 } }),
    started(),
    changed({ run_metadata: { same: 1, back: null } }),
    changed({ run_metadata: { back: 1 } }),
  )
  expect(set).toMatchObject({ '/run_metadata/same': '0', '/run_metadata/back': '3', '/status': '2' })
})
