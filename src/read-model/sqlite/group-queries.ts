/** Groups of runs: how many there are, in which status, and when they began and last changed. */
import type { DatabaseSync } from 'node:sqlite'
import type { StoredGroup } from '../read-model.ts'
import { bound, prepare, queries } from './database.ts'

/** Null where no run is in the group. */
export type GroupReader = (run_group_id: string) => StoredGroup | null

export const createGroupReader = (db: DatabaseSync): GroupReader => {
  const group = prepare(db, groupOf())
  const statuses = prepare(db, statusesOf())
  return (run_group_id) => {
    const values = group.get(run_group_id) as unknown as GroupValues | undefined
    if (values === undefined) return null
    const [runs, created_at, last_updated_at] = values
    const by_status = Object.fromEntries(statuses.all(run_group_id) as unknown as [string, number][])
    return { runs, by_status, created_at, last_updated_at }
  }
}

type GroupValues = [runs: number, created_at: string, last_updated_at: string]

const groupOf = () =>
  queries.selectFrom('run_groups').select(['runs', 'created_at', 'last_updated_at']).where('run_group_id', '=', bound())

const statusesOf = () =>
  queries
    .selectFrom('run_group_statuses')
    .select(['status', 'runs'])
    .where('run_group_id', '=', bound())
    .orderBy('status')
