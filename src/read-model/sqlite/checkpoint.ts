/** Checkpoints: how far the live tables, and those that a rebuild makes beside them, have got. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Position, START } from '../../event-store/event-store.ts'
import { timeOf } from '../../run/time.ts'
import { CURRENT_RUN, PROJECTIONS } from '../projector/projection.ts'
import { bound, prepare, queries } from './database.ts'
import type { CheckpointRow } from './tables.ts'

/** All projections are written together, so they have got equally far. `isCurrent`: in the versions of this program. */
export type Checkpoint = Omit<CheckpointRow, 'name' | 'version'> & Readonly<{ isCurrent: boolean }>

/** `projections` holds the live tables' checkpoints, `rebuilds` those of tables that are being made. */
export type CheckpointTable = 'projections' | 'rebuilds'

export const BEGINNING = {
  position: START,
  last_event_position: START,
  event_id: null,
  first_event_id: null,
} as const

/** The first and the last event of what was folded since the last checkpoint. */
export type FoldedEvents = Readonly<{ first: FoldedEvent; last: FoldedEvent }>

/** Where an event stands in the log, and its id. */
export type FoldedEvent = Readonly<{ position: Position; event_id: string }>

export const readCheckpoint = (db: DatabaseSync, table: CheckpointTable): Checkpoint | null => {
  const rows = db.prepare(checkpoints(table).compile().sql).all() as CheckpointRow[]
  const [first] = rows
  if (first === undefined) return null
  const { generation, position, last_event_position, event_id, first_event_id } = first
  const isCurrent =
    rows.length === PROJECTIONS.length &&
    PROJECTIONS.every(({ name, version }, i) => rows[i]?.name === name && rows[i]?.version === version)
  return { isCurrent, generation, position, last_event_position, event_id, first_event_id }
}

/** Sets the checkpoint of tables that the versions of this program have made. */
export const putCheckpoint = (
  db: DatabaseSync,
  table: CheckpointTable,
  checkpoint: Omit<Checkpoint, 'isCurrent'>,
): void => {
  const { generation, position, last_event_position, event_id, first_event_id } = checkpoint
  removeCheckpoint(db, table)
  const insert = prepare(db, insertion(table))
  for (const { name, version } of PROJECTIONS)
    insert.run(name, version, generation, position, last_event_position, event_id, first_event_id)
}

export const removeCheckpoint = (db: DatabaseSync, table: CheckpointTable): void => {
  prepare(db, queries.deleteFrom(table as 'projections')).run()
}

/** Moves the checkpoint of `table` on. Throws where it belongs to other versions of the projections. */
export const checkpointSaver = (db: DatabaseSync, table: CheckpointTable) => {
  const save = prepare(db, moved(table))
  const beat = prepare(db, heartbeat())
  return (position: Position, events: FoldedEvents | null): void => {
    const { last, first } = events ?? NO_EVENTS
    const { changes } = save.run(position, last.position, last.event_id, first.event_id, ...NAMES_AND_VERSIONS)
    if (changes !== PROJECTIONS.length) throw new Error('the checkpoint is that of other versions of the projections')
    if (table === 'projections') beat.run(timeOf(Date.now()))
  }
}

const NONE = { position: null, event_id: null }
const NO_EVENTS = { first: NONE, last: NONE }
const NAMES_AND_VERSIONS = PROJECTIONS.flatMap(({ name, version }) => [name, version])

/** Says that the projector lives. */
export const heartbeats = (db: DatabaseSync): (() => void) => {
  const beat = prepare(db, heartbeat())
  return () => {
    beat.run(timeOf(Date.now()))
  }
}

/** For readers: see `positionOf`. */
export const checkpointPosition = () => queries.selectFrom('projections').select('position').where('name', '=', bound())

/** Where the read model is; `START` before the projector's first start is over. */
export const positionOf = (statement: StatementSync): Position =>
  (statement.get(CURRENT_RUN) as unknown as [Position] | undefined)?.[0] ?? START

// Both tables have a checkpoint's columns.
const checkpoints = (table: CheckpointTable) =>
  queries
    .selectFrom(table as 'projections')
    .select(['name', 'version', 'generation', 'position', 'last_event_position', 'event_id', 'first_event_id'])
    .orderBy('name')

const insertion = (table: CheckpointTable) =>
  queries.insertInto(table as 'projections').values({
    name: bound(),
    version: bound(),
    generation: bound(),
    position: bound(),
    last_event_position: bound(),
    event_id: bound(),
    first_event_id: bound(),
  })

const moved = (table: CheckpointTable) =>
  queries
    .updateTable(table as 'projections')
    .set((column) => ({
      position: bound(),
      last_event_position: column.fn.coalesce(column.val<string>(bound()), 'last_event_position'),
      event_id: column.fn.coalesce(column.val<string>(bound()), 'event_id'),
      first_event_id: column.fn.coalesce('first_event_id', column.val<string>(bound())),
    }))
    .where((where) =>
      where.or(PROJECTIONS.map(() => where.and([where('name', '=', bound()), where('version', '=', bound())]))),
    )

const heartbeat = () => queries.updateTable('projections').set({ last_heartbeat: bound() })
