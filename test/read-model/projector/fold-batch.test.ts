import { expect, test } from 'vitest'
import { ENTRIES } from '../../../projections/audit-trail.ts'
import type { ChangeSet } from '../../../projections/collect-changes.ts'
import { RUN_GROUP_STATUSES, RUN_GROUPS } from '../../../projections/run-group.ts'
import { RUNS } from '../../../projections/runs.ts'
import { columnsOf, type Table } from '../../../projections/table.ts'
import type { StoredEvent } from '../../../src/event-store/event-store.ts'
import { type RunState, type RunStates, UNKNOWN_RUN } from '../../../src/read-model/projection-store.ts'
import { foldBatch } from '../../../src/read-model/projector/fold-batch.ts'
import { storedAs } from '../../support/read-model/read-models.ts'
import { at, changed, created, started } from '../../support/run-builders.ts'

const folded = (states: RunStates, events: readonly StoredEvent[]) => {
  const pieces: ChangeSet[] = []
  const folding = foldBatch(states, events)
  for (;;) {
    const next = folding.next()
    if (next.done === true) return { pieces, states: next.value }
    pieces.push(next.value)
  }
}

const UNKNOWN: RunStates = new Map([['one', UNKNOWN_RUN]])
const rowsIn = (changes: ChangeSet | undefined, table: Table): number =>
  (changes?.get(table.name)?.puts.length ?? 0) / columnsOf(table).length

test('a batch returns the new states and changes nothing of those it was given', () => {
  const states = new Map(UNKNOWN)
  const batch = folded(states, [storedAs('one', 0, 1, created()), storedAs('one', 1, 2, started())])
  expect(states).toStrictEqual(UNKNOWN)
  expect(batch.states.get('one')).toMatchObject({ revision: 1, run: { status: 'STARTED' }, quarantined: false })
})

test('a run that many events of a batch change is one row, and each event has its own', () => {
  const group = { run_group_id: 'monday' }
  const { pieces } = folded(UNKNOWN, [
    storedAs('one', 0, 1, created(group)),
    storedAs('one', 1, 2, started()),
    storedAs('one', 2, 3, changed()),
  ])
  const [changes] = pieces
  expect([pieces.length, rowsIn(changes, RUNS), rowsIn(changes, ENTRIES)]).toStrictEqual([1, 1, 3])
  expect(changes?.get(RUN_GROUPS.name)?.merges).toStrictEqual(['monday', 1, at(0), at(2)])
})

test('what a run changes later is written by the columns that changed', () => {
  const before = folded(UNKNOWN, [storedAs('one', 0, 1, created())]).states
  const { pieces } = folded(before, [storedAs('one', 1, 2, started())])
  const updates = [...(pieces[0]?.get(RUNS.name)?.updates ?? [])]
  const columns = columnsOf(RUNS)
  expect(updates.map(([mask]) => columns.filter((_, i) => mask & (1 << i)))).toStrictEqual([
    ['status', 'started_at', 'last_updated_at', 'revision', 'last_recorded_at'],
  ])
  expect(updates[0]?.[1].slice(0, 3)).toStrictEqual(['STARTED', at(1), at(1)])
  expect(updates[0]?.[1].at(-1)).toBe('one')
})

test('counts that come back to where they were leave no change', () => {
  const group = { run_group_id: 'monday' }
  const before = folded(UNKNOWN, [
    storedAs('one', 0, 1, created(group)),
    storedAs('one', 1, 2, started()),
    storedAs('one', 2, 3, changed({ status: 'HERE' })),
  ]).states
  const { pieces } = folded(before, [
    storedAs('one', 3, 4, changed({ status: 'THERE', occurred_at: at(3) })),
    storedAs('one', 4, 5, changed({ status: 'HERE', occurred_at: at(4) })),
  ])
  expect(pieces[0]?.get(RUN_GROUP_STATUSES.name)).toBeUndefined()
})

test('an event that cannot be read quarantines its run, whose later events wait, each with its Entry', () => {
  const { pieces, states } = folded(UNKNOWN, [
    storedAs('one', 0, 1, created()),
    { ...storedAs('one', 1, 2, started()), type: 'RunInvented' },
    storedAs('one', 2, 3, changed()),
  ])
  expect(states.get('one')).toMatchObject({ revision: 0, quarantined: true } satisfies Partial<RunState>)
  expect(pieces[0]?.get('quarantine')?.puts).toStrictEqual([
    'one',
    1,
    'RunInvented',
    'unknown event type',
    storedAs('one', 1, 2, started()).recorded_at,
  ])
  expect(rowsIn(pieces[0], ENTRIES)).toBe(3)
})

test('a large batch comes in pieces, its sums in the last of them', () => {
  const runs = Array.from({ length: 700 }, (_, i) => `run-${i}`)
  const { pieces } = folded(
    new Map(runs.map((run_id) => [run_id, UNKNOWN_RUN])),
    runs.map((run_id, i) => storedAs(run_id, 0, i + 1, created({ run_group_id: 'monday' }))),
  )
  expect(pieces.length).toBeGreaterThan(3)
  expect(pieces.reduce((sum, piece) => sum + rowsIn(piece, ENTRIES), 0)).toBe(700)
  expect(pieces.filter((piece) => piece.has(RUN_GROUPS.name))).toHaveLength(1)
  expect(pieces.at(-1)?.get(RUN_GROUPS.name)?.merges.slice(0, 2)).toStrictEqual(['monday', 700])
})

test('a run whose state was not loaded is a fault, not a new run', () => {
  expect(() => folded(new Map(), [storedAs('one', 0, 1, created())])).toThrow('one')
})
