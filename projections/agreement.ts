/** The projection `agreement`: the completed runs of groups, from which it follows where two policy versions agree. */
import { isTerminal } from '../src/run/terminal-status.ts'
import type { Projection } from './projection.ts'
import { INTEGER, TEXT, TEXT_OR_NULL, tableOf } from './table.ts'

/**
 * One row a run. Pairs are joined when they are read: the runs of a group may lie in different parts of the read model, and are
 * then projected by different processes.
 */
export const GROUP_COMPLETIONS = tableOf({
  name: 'group_completions',
  kind: 'rows',
  columns: {
    policy_version_id: TEXT,
    run_group_id: TEXT,
    run_id: TEXT,
    result: TEXT_OR_NULL,
    // In ms, from the run's creation to its completion.
    duration: INTEGER,
    created_at: TEXT,
  },
  key: ['policy_version_id', 'run_group_id', 'run_id'],
  stored: 'by-key',
  indexes: {},
})

export const agreement = {
  name: 'agreement',
  version: 1,
  tables: [GROUP_COMPLETIONS],
  per: 'run',
  changes: (before, { run }, out) => {
    const { policy_version_id, run_group_id, run_id, status, result, created_at, last_updated_at } = run
    // A completed run never changes again.
    if (run_group_id === null || !isTerminal(status) || (before !== null && isTerminal(before.run.status))) return
    const duration = Date.parse(last_updated_at) - Date.parse(created_at)
    out.put(GROUP_COMPLETIONS, [policy_version_id, run_group_id, run_id, result, duration, created_at])
  },
} as const satisfies Projection
