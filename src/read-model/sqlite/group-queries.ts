/** Groups of runs: how many there are, in which status, and when they began and last changed. */
import type { DatabaseSync } from 'node:sqlite'
import { START } from '../../event-store/event-store.ts'
import { CURRENT_RUN } from '../projector/projection.ts'
import type { AuditReads } from '../read-model.ts'
import { bound, prepare, queries } from './database.ts'

export const createGroupReader = (db: DatabaseSync): AuditReads['getGroup'] => {
  const group = prepare(db, groupAndCheckpoint())
  const statuses = prepare(db, statusesOf())
  return (run_group_id) => {
    const values = group.get(run_group_id, CURRENT_RUN) as unknown as GroupValues | undefined
    if (values === undefined) return { position: START, group: null }
    const [position, runs, created_at, last_updated_at] = values
    if (runs === null) return { position, group: null }
    const by_status = Object.fromEntries(statuses.all(run_group_id) as unknown as [string, number][])
    return { position, group: { runs, by_status, created_at, last_updated_at } }
  }
}

type GroupValues =
  | [position: string, runs: number, created_at: string, last_updated_at: string]
  | [position: string, runs: null, created_at: null, last_updated_at: null]

const groupAndCheckpoint = () =>
  queries
    .selectFrom('projections')
    .leftJoin('run_groups', (join) => join.on('run_groups.run_group_id', '=', bound()))
    .select(['projections.position', 'run_groups.runs', 'run_groups.created_at', 'run_groups.last_updated_at'])
    .where('projections.name', '=', bound())

const statusesOf = () =>
  queries
    .selectFrom('run_group_statuses')
    .select(['status', 'runs'])
    .where('run_group_id', '=', bound())
    .orderBy('status')
