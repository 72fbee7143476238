/** Checkpoints: how far the live tables, and those that a rebuild makes beside them, have got. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Position, START } from '../event-store/event-store.ts'
import { timeOf } from '../run/time.ts'
import { bound, prepare, queries } from './database.ts'
import { CURRENT_RUN } from './projection.ts'
import type { CheckpointRow } from './tables.ts'

export type Checkpoint = Omit<CheckpointRow, 'name'>

/** `projections` holds the live tables' checkpoints, `rebuilds` those of tables that are being made. */
export type CheckpointTable = 'projections' | 'rebuilds'

export const BEGINNING = { position: START, last_event_position: START } as const

export const readCheckpoint = (db: DatabaseSync, table: CheckpointTable): Checkpoint | null => {
  const found = db.prepare(checkpoints(table).compile().sql).get(CURRENT_RUN.name)
  return (found as Checkpoint | undefined) ?? null
}

export const putCheckpoint = (db: DatabaseSync, table: CheckpointTable, checkpoint: Checkpoint): void => {
  const { version, generation, position, last_event_position } = checkpoint
  prepare(db, replacement(table)).run(CURRENT_RUN.name, version, generation, position, last_event_position)
}

export const removeCheckpoint = (db: DatabaseSync, table: CheckpointTable): void => {
  prepare(db, queries.deleteFrom(table as 'projections').where('name', '=', bound())).run(CURRENT_RUN.name)
}

/** Moves the checkpoint of `table` on. Throws where it belongs to another version of the projection. */
export const checkpointSaver = (db: DatabaseSync, table: CheckpointTable) => {
  const save = prepare(db, moved(table))
  const beat = prepare(db, heartbeat())
  return (position: Position, lastEvent: Position | null): void => {
    const { changes } = save.run(position, lastEvent, CURRENT_RUN.name, CURRENT_RUN.version)
    if (changes !== 1) throw new Error(`the checkpoint is not that of version ${CURRENT_RUN.version}`)
    if (table === 'projections') beat.run(timeOf(Date.now()), CURRENT_RUN.name)
  }
}

/** Says that the projector lives. */
export const heartbeats = (db: DatabaseSync): (() => void) => {
  const beat = prepare(db, heartbeat())
  return () => {
    beat.run(timeOf(Date.now()), CURRENT_RUN.name)
  }
}

/** For readers: see `positionOf`. */
export const checkpointPosition = () => queries.selectFrom('projections').select('position').where('name', '=', bound())

/** Where the read model is; `START` before the projector's first start is over. */
export const positionOf = (statement: StatementSync): Position =>
  (statement.get(CURRENT_RUN.name) as unknown as [Position] | undefined)?.[0] ?? START

// Both tables have a checkpoint's columns.
const checkpoints = (table: CheckpointTable) =>
  queries
    .selectFrom(table as 'projections')
    .select(['version', 'generation', 'position', 'last_event_position'])
    .where('name', '=', bound())

const replacement = (table: CheckpointTable) =>
  queries.replaceInto(table as 'projections').values({
    name: bound(),
    version: bound(),
    generation: bound(),
    position: bound(),
    last_event_position: bound(),
  })

const moved = (table: CheckpointTable) =>
  queries
    .updateTable(table as 'projections')
    .set((column) => ({
      position: bound(),
      last_event_position: column.fn.coalesce(column.val<string>(bound()), 'last_event_position'),
    }))
    .where('name', '=', bound())
    .where('version', '=', bound())

const heartbeat = () => queries.updateTable('projections').set({ last_heartbeat: bound() }).where('name', '=', bound())
