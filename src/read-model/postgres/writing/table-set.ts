/** This program's set of tables: which generation is read, and which is being made. */
import { sql } from 'kysely'
import type pg from 'pg'
import { execute, rowsOf } from '../kysely.ts'
import { REGISTRY, TABLE_SET } from '../tables.ts'
import { createGeneration, dropGeneration } from './generations.ts'
import { inTransaction } from './transaction.ts'

/** `live` is null before the first generation has caught up, `next` where none is being made. */
export type SetState = Readonly<{ live: number | null; next: number | null }>

const SETS = sql.id(REGISTRY, 'projection_sets')
const PARTS = sql.id(REGISTRY, 'projection_parts')
const LEASES = sql.id(REGISTRY, 'projection_leases')

/** Where the set is; nothing of it is there before `ensureSet`. */
export const readSet = async (client: Pick<pg.ClientBase, 'query'>): Promise<SetState> => {
  const [state] = await rowsOf<SetState>(client, sql`select live, next from ${SETS} where set = ${TABLE_SET}`)
  return state ?? { live: null, next: null }
}

/** Begins the first generation, where no process has done that before. */
export const ensureSet = (pool: pg.Pool): Promise<void> =>
  inTransaction(pool, async (client) => {
    // Another process may be making the tables.
    await client.query(`SET LOCAL lock_timeout = 0`)
    const begun = await rowsOf<{ isNew: boolean }>(
      client,
      sql`insert into ${SETS} (set, next) values (${TABLE_SET}, 1)
        on conflict (set) do update set used_at = now() returning xmax = 0 as "isNew"`,
    )
    if (begun[0]?.isNew === true) await createGeneration(client, 1)
  })

/** Begins the generation that is to replace the live one, and returns it; what another one has made so far goes. */
export const beginNext = (pool: pg.Pool): Promise<number> =>
  inTransaction(pool, async (client) => {
    const { live, next } = await lockSet(client)
    const generation = Math.max(live ?? 0, next ?? 0) + 1
    if (next !== null) await dropGeneration(client, TABLE_SET, next)
    await createGeneration(client, generation)
    await execute(client, sql`update ${SETS} set next = ${generation} where set = ${TABLE_SET}`)
    return generation
  })

/**
 * Puts `generation`, which has been made, into the place of the live one. False where that is not what is being made, or a
 * part of it is behind the live one: nothing that was shown is taken back. `isForeign`: the live one is of another log.
 */
export const switchTo = (pool: pg.Pool, generation: number, isForeign = false): Promise<boolean> =>
  inTransaction(pool, async (client) => {
    const { live, next } = await lockSet(client)
    if (next !== generation) return false
    if (live !== null && !isForeign && (await isBehind(client, live, next))) return false
    await execute(client, sql`update ${SETS} set live = next, next = null where set = ${TABLE_SET}`)
    return true
  })

const isBehind = async (client: pg.ClientBase, live: number, next: number): Promise<boolean> => {
  const behind = await rowsOf(
    client,
    sql`select 1 from ${PARTS} as shown join ${PARTS} as made using (set, part)
      where set = ${TABLE_SET} and shown.generation = ${live} and made.generation = ${next}
        and made.position < shown.position limit 1`,
  )
  return behind.length > 0
}

/** Generations that nobody needs: those replaced a minute ago, and sets of tables that no process has projected for an hour. */
export const unusedGenerations = (
  client: Pick<pg.ClientBase, 'query'>,
): Promise<readonly Readonly<{ set: string; generation: number }>[]> =>
  rowsOf(
    client,
    sql`select set, generation from ${SETS} join ${LEASES} using (set) group by set, generation
      having case when set = ${TABLE_SET} then generation is distinct from live and generation is distinct from next
          and max(expires_at) < now() - interval '1 minute'
        else greatest(max(expires_at), used_at) < now() - interval '1 hour' end`,
  )

/** Drops one of them, and its set with the last. */
export const dropUnused = (pool: pg.Pool, set: string, generation: number): Promise<void> =>
  inTransaction(pool, async (client) => {
    await dropGeneration(client, set, generation)
    await execute(
      client,
      sql`delete from ${SETS} where set = ${set} and set <> ${TABLE_SET}
        and not exists (select 1 from ${PARTS} as part where part.set = ${set})`,
    )
  })

const lockSet = async (client: pg.ClientBase): Promise<SetState> => {
  const [state] = await rowsOf<SetState>(
    client,
    sql`select live, next from ${SETS} where set = ${TABLE_SET} for update`,
  )
  if (state === undefined) throw new Error('the set of tables was not begun')
  return state
}
