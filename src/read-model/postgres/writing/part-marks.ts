/** How far the parts of a generation have got, and the fence before every commit. */
import { sql } from 'kysely'
import type pg from 'pg'
import type { BatchEvents, Checkpoint, Fence, PartMark } from '../../projection-store.ts'
import { execute, rowsOf } from '../kysely.ts'
import { REGISTRY, TABLE_SET } from '../tables.ts'

type Client = Pick<pg.ClientBase, 'query'>

const PARTS_TABLE = sql.id(REGISTRY, 'projection_parts')

const ofGeneration = (generation: number) => sql`set = ${TABLE_SET} and generation = ${generation}`

/** Where the parts of a generation are, by their number; none where it is not there. */
export const readMarks = (client: Client, generation: number): Promise<readonly PartMark[]> =>
  rowsOf(client, sql`select part, epoch, position from ${PARTS_TABLE} where ${ofGeneration(generation)} order by part`)

/** Where a generation is as a whole: no part is behind `position`. Null where it is not there. */
export const readCheckpoint = async (client: Client, generation: number): Promise<Checkpoint | null> => {
  const last = (column: string) =>
    sql`(array_agg(${sql.id(column)} order by last_event_position desc, event_id nulls last))[1] as ${sql.id(column)}`
  const [row] = await rowsOf<Omit<Checkpoint, 'isCurrent' | 'generation'>>(
    client,
    sql`select min(position) as position, max(last_event_position) as last_event_position,
      ${last('event_id')}, ${last('event_stream')}, ${last('event_revision')}, max(first_event_id) as first_event_id
    from ${PARTS_TABLE} where ${ofGeneration(generation)} having count(*) > 0`,
  )
  return row === undefined ? null : { isCurrent: true, generation, ...row }
}

/** Moves the parts from where the fences say to where they say; false where one of them is not there, or is another's. */
export const moveMarks = async (
  client: Client,
  generation: number,
  fences: readonly Fence[],
  events: BatchEvents | null,
): Promise<boolean> => {
  const { position, event_id, stream, revision } = events?.last ?? NO_EVENT
  const array = (of: keyof Fence) => sql.val(fences.map((fence) => fence[of]))
  const isNewer = sql`${position}::text collate "C" > part.last_event_position`
  const moved = await rowsOf(
    client,
    sql`update ${PARTS_TABLE} as part set position = fence.until, heartbeat = clock_timestamp(),
      last_event_position = case when ${isNewer} then ${position} else part.last_event_position end,
      event_id = case when ${isNewer} then ${event_id} else part.event_id end,
      event_stream = case when ${isNewer} then ${stream} else part.event_stream end,
      event_revision = case when ${isNewer} then ${revision}::int8 else part.event_revision end,
      first_event_id = coalesce(part.first_event_id, ${events?.first.event_id ?? null})
    from unnest(${array('part')}::int2[], ${array('epoch')}::int8[], ${array('from')}::text[], ${array('to')}::text[])
      as fence (part, epoch, since, until)
    where ${ofGeneration(generation)} and part.part = fence.part and part.epoch = fence.epoch
      and part.position = fence.since
    returning part.part`,
  )
  return moved.length === fences.length
}

const NO_EVENT = { position: null, event_id: null, stream: null, revision: null } as const

/** Says that the owner of these parts lives, also where it has nothing to write. */
export const beat = (client: Client, generation: number, parts: readonly number[]): Promise<void> =>
  execute(
    client,
    sql`update ${PARTS_TABLE} set heartbeat = clock_timestamp()
    where ${ofGeneration(generation)} and part = any(${parts}::int2[])`,
  )
