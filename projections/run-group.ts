/** What a change of a run adds to its group: numbers that commute, whatever the order over runs. */
import type { Run } from '../src/run/run.ts'
import type { Time } from '../src/run/time.ts'

/**
 * To be merged into what the group has: `runs` and each status by sum, `created_at` by minimum, `last_updated_at` by
 * maximum.
 */
export type GroupChange = Readonly<{
  run_group_id: string
  runs: number
  statuses: readonly StatusChange[]
  created_at: Time
  last_updated_at: Time
}>

export type StatusChange = Readonly<{ status: string; runs: number }>

/** Null where the run is in no group. One event's change or that of many in a row: the sums are the same. */
export const groupChangeOf = (before: Run | null, after: Run): GroupChange | null =>
  after.run_group_id === null
    ? null
    : {
        run_group_id: after.run_group_id,
        runs: before === null ? 1 : 0,
        statuses: statusChanges(before, after),
        created_at: after.created_at,
        last_updated_at: after.last_updated_at,
      }

/** How the counts of runs by status change. */
export const statusChanges = (before: Run | null, after: Run): readonly StatusChange[] => {
  if (before === null) return [{ status: after.status, runs: 1 }]
  if (before.status === after.status) return []
  return [
    { status: before.status, runs: -1 },
    { status: after.status, runs: 1 },
  ]
}
