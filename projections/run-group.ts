/** The projection `run-group`: how many runs a group has, in which status, and when they began and last changed. */
import type { Run } from '../src/run/run.ts'
import type { Projection } from './projection.ts'
import { INTEGER, TEXT, tableOf } from './table.ts'

export const RUN_GROUPS = tableOf({
  name: 'run_groups',
  kind: 'sums',
  columns: {
    run_group_id: TEXT,
    runs: { ...INTEGER, merge: 'sum' },
    created_at: { ...TEXT, merge: 'min' },
    last_updated_at: { ...TEXT, merge: 'max' },
  },
  key: ['run_group_id'],
  stored: 'by-key',
  indexes: {},
})

export const RUN_GROUP_STATUSES = tableOf({
  name: 'run_group_statuses',
  kind: 'sums',
  columns: { run_group_id: TEXT, status: TEXT, runs: { ...INTEGER, merge: 'sum' } },
  key: ['run_group_id', 'status'],
  stored: 'by-key',
  goneAtZero: 'runs',
  indexes: {},
})

export const runGroup = {
  name: 'run-group',
  version: 1,
  tables: [RUN_GROUPS, RUN_GROUP_STATUSES],
  per: 'run',
  changes: (before, { run }, out) => {
    const { run_group_id, created_at, last_updated_at } = run
    if (run_group_id === null) return
    out.merge(RUN_GROUPS, [run_group_id, before === null ? 1 : 0, created_at, last_updated_at])
    for (const [status, runs] of statusChanges(before?.run ?? null, run))
      out.merge(RUN_GROUP_STATUSES, [run_group_id, status, runs])
  },
} as const satisfies Projection

/** How the counts of runs by status change. One event's change, or that of many in a row: the sums are the same. */
export const statusChanges = (before: Run | null, after: Run): readonly (readonly [status: string, runs: number])[] => {
  if (before === null) return [[after.status, 1]]
  if (before.status === after.status) return []
  return [
    [before.status, -1],
    [after.status, 1],
  ]
}
