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

/** Where the set is; nothing of it is there before `ensureSet`. */
export const readSet = async (client: Pick<pg.ClientBase, 'query'>): Promise<SetState> => {
  const [state] = await rowsOf<SetState>(client, sql`select live, next from ${SETS} where set = ${TABLE_SET}`)
  return state ?? { live: null, next: null }
}

/** Begins the first generation, where no process has done that before. */
export const ensureSet = (pool: pg.Pool): Promise<void> =>
  inTransaction(pool, async (client) => {
    const begun = await rowsOf(
      client,
      sql`insert into ${SETS} (set, next) values (${TABLE_SET}, 1) on conflict do nothing returning next`,
    )
    if (begun.length > 0) await createGeneration(client, 1)
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

/** Puts `generation`, which has been made, into the place of the live one; false where another process has done so. */
export const switchTo = (pool: pg.Pool, generation: number): Promise<boolean> =>
  inTransaction(pool, async (client) => {
    const { next } = await lockSet(client)
    if (next !== generation) return false
    await execute(client, sql`update ${SETS} set live = next, next = null where set = ${TABLE_SET}`)
    return true
  })

const lockSet = async (client: pg.ClientBase): Promise<SetState> => {
  const [state] = await rowsOf<SetState>(
    client,
    sql`select live, next from ${SETS} where set = ${TABLE_SET} for update`,
  )
  if (state === undefined) throw new Error('the set of tables was not begun')
  return state
}
