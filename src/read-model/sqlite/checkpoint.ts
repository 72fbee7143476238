/** Checkpoints: how far the live tables, and those that a rebuild makes beside them, have got. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { CURRENT_RUN, PROJECTIONS } from '../../../projections/projections.ts'
import { type Position, START } from '../../event-store/event-store.ts'
import { timeOf } from '../../run/time.ts'
import type { BatchEvents, Checkpoint, Fence } from '../projection-store.ts'
import { bound, prepare, queries } from './database.ts'
import { beingMade } from './reading/read-failure.ts'
import type { CheckpointRow } from './tables.ts'

/** `projections` holds the live tables' checkpoint, `rebuilds` that of tables that are being made. */
export type CheckpointTable = 'projections' | 'rebuilds'

/** The checkpoint of empty tables. */
export const beginning = (generation: number): Checkpoint => ({
  isCurrent: true,
  generation,
  position: START,
  last_event_position: START,
  event_id: null,
  event_stream: null,
  event_revision: null,
  first_event_id: null,
})

/** Null where the tables were not begun. */
export const readCheckpoint = (db: DatabaseSync, table: CheckpointTable): Checkpoint | null => {
  const rows = db.prepare(checkpoints(table).compile().sql).all() as CheckpointRow[]
  const [first] = rows
  if (first === undefined) return null
  const { name: _, version: __, ...checkpoint } = first
  const versions = new Map(rows.map(({ name, version }) => [name, version]))
  const isCurrent =
    rows.length === PROJECTIONS.length && PROJECTIONS.every(({ name, version }) => versions.get(name) === version)
  return { isCurrent, ...checkpoint }
}

/** Sets the checkpoint of tables that the versions of this program have made. */
export const putCheckpoint = (db: DatabaseSync, table: CheckpointTable, checkpoint: Checkpoint): void => {
  const { isCurrent: _, ...columns } = checkpoint
  removeCheckpoint(db, table)
  for (const { name, version } of PROJECTIONS) {
    const { sql, parameters } = queries
      .insertInto(table as 'projections')
      .values({ name, version, ...columns })
      .compile()
    db.prepare(sql).run(...(parameters as string[]))
  }
}

export const removeCheckpoint = (db: DatabaseSync, table: CheckpointTable): void => {
  prepare(db, queries.deleteFrom(table as 'projections')).run()
}

/** Moves the checkpoint from where the fence says to where it says; false where it is not there. */
export type CheckpointMover = (fence: Fence, events: BatchEvents | null) => boolean

export const createCheckpointMover = (db: DatabaseSync, table: CheckpointTable): CheckpointMover => {
  const move = prepare(db, moved(table))
  const beat = table === 'projections' ? prepare(db, heartbeat()) : null
  return ({ epoch, from, to }, events) => {
    const { position = null, event_id = null, stream = null, revision = null } = events?.last ?? {}
    const first = events?.first.event_id ?? null
    const { changes } = move.run(to, position, event_id, stream, revision, first, epoch, from, ...NAMES_AND_VERSIONS)
    beat?.run(timeOf(Date.now()))
    return changes === PROJECTIONS.length
  }
}

const NAMES_AND_VERSIONS = PROJECTIONS.flatMap(({ name, version }) => [name, version])

/** Says that the projector lives. */
export const createHeartbeat = (db: DatabaseSync): (() => void) => {
  const beat = prepare(db, heartbeat())
  return () => {
    beat.run(timeOf(Date.now()))
  }
}

/** For readers: see `positionOf`. */
export const checkpointPosition = () => queries.selectFrom('projections').select('position').where('name', '=', bound())

/** Where the read model is. Throws `beingMade` where the live tables were not begun. */
export const positionOf = (statement: StatementSync): Position => {
  const found = statement.get(CURRENT_RUN) as unknown as [Position] | undefined
  if (found === undefined) throw beingMade()
  return found[0]
}

// Both tables have a checkpoint's columns.
const checkpoints = (table: CheckpointTable) =>
  queries
    .selectFrom(table as 'projections')
    .select([
      'name',
      'version',
      'generation',
      'position',
      'last_event_position',
      'event_id',
      'event_stream',
      'event_revision',
      'first_event_id',
    ])

const moved = (table: CheckpointTable) =>
  queries
    .updateTable(table as 'projections')
    .set((column) => ({
      position: bound(),
      last_event_position: column.fn.coalesce(column.val<string>(bound()), 'last_event_position'),
      event_id: column.fn.coalesce(column.val<string>(bound()), 'event_id'),
      event_stream: column.fn.coalesce(column.val<string>(bound()), 'event_stream'),
      event_revision: column.fn.coalesce(column.val<number>(bound()), 'event_revision'),
      first_event_id: column.fn.coalesce('first_event_id', column.val<string>(bound())),
    }))
    .where('generation', '=', bound())
    .where('position', '=', bound())
    .where((where) =>
      where.or(PROJECTIONS.map(() => where.and([where('name', '=', bound()), where('version', '=', bound())]))),
    )

const heartbeat = () => queries.updateTable('projections').set({ last_heartbeat: bound() })
