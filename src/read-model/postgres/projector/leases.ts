/** Who projects which part: rows that their owners renew, timed by the database's clock alone. */
import { sql } from 'kysely'
import type pg from 'pg'
import { execute, rowsOf } from '../kysely.ts'
import { REGISTRY, TABLE_SET } from '../tables.ts'
import { inTransaction } from '../writing/transaction.ts'

type Client = Pick<pg.ClientBase, 'query'>

/** A part whose owner does not renew its lease for so long is free. */
const LEASE = sql.raw(`interval '12 seconds'`)
export const RENEW_MS = 4_000
/** How often processes look for free parts, and for those that they hold beyond their share. */
export const LOOK_MS = 2_000

const PROCESSES = sql.id(REGISTRY, 'projection_processes')
const LEASES = sql.id(REGISTRY, 'projection_leases')
const PARTS = sql.id(REGISTRY, 'projection_parts')

const of = (generation: number) => sql`set = ${TABLE_SET} and generation = ${generation}`
const isFree = sql`(owner is null or expires_at < clock_timestamp())`

/** Says that a process lives, and renews the leases of all its parts. */
export const renew = async (client: Client, owner: string): Promise<void> => {
  await execute(
    client,
    sql`insert into ${PROCESSES} (id, set, expires_at)
      values (${owner}, ${TABLE_SET}, clock_timestamp() + ${LEASE})
      on conflict (id) do update set expires_at = excluded.expires_at`,
  )
  await execute(client, sql`update ${LEASES} set expires_at = clock_timestamp() + ${LEASE} where owner = ${owner}`)
}

/** `free`: by part; `owned`: by this process; `processes`: how many live that project this set of tables. */
export type LeaseView = Readonly<{ processes: number; owned: readonly number[]; free: readonly number[] }>

export const lookAtLeases = async (client: Client, generation: number, owner: string): Promise<LeaseView> => {
  const [counted] = await rowsOf<{ processes: number }>(
    client,
    sql`select count(*) as processes from ${PROCESSES} where set = ${TABLE_SET} and expires_at > clock_timestamp()`,
  )
  const leases = await rowsOf<{ part: number; own: boolean; free: boolean }>(
    client,
    sql`select part, owner is not distinct from ${owner}::uuid as own, ${isFree} as free
      from ${LEASES} where ${of(generation)} order by part`,
  )
  return {
    processes: counted?.processes ?? 0,
    owned: leases.filter(({ own }) => own).map(({ part }) => part),
    free: leases.filter(({ own, free }) => free && !own).map(({ part }) => part),
  }
}

/**
 * Takes a free part, and returns its epoch: anyone who had it before writes nothing any more. Null where another process was
 * faster.
 */
export const takePart = (pool: pg.Pool, generation: number, part: number, owner: string): Promise<number | null> =>
  inTransaction(pool, async (client) => {
    const taken = await rowsOf(
      client,
      sql`update ${LEASES} set owner = ${owner}, expires_at = clock_timestamp() + ${LEASE}
        where ${of(generation)} and part = ${part} and ${isFree} returning part`,
    )
    if (taken.length === 0) return null
    const [moved] = await rowsOf<{ epoch: number }>(
      client,
      sql`update ${PARTS} set epoch = epoch + 1 where ${of(generation)} and part = ${part} returning epoch`,
    )
    return moved?.epoch ?? null
  })

/** Gives parts back, which the process writes no more. */
export const givePartsBack = (
  client: Client,
  generation: number,
  parts: readonly number[],
  owner: string,
): Promise<void> =>
  execute(
    client,
    sql`update ${LEASES} set owner = null, expires_at = clock_timestamp()
      where ${of(generation)} and owner = ${owner} and part = any(${parts}::int2[])`,
  )

/** Gives everything back, and says that the process ends. */
export const leave = async (client: Client, owner: string): Promise<void> => {
  await execute(client, sql`update ${LEASES} set owner = null, expires_at = clock_timestamp() where owner = ${owner}`)
  await execute(client, sql`delete from ${PROCESSES} where id = ${owner}`)
}

/** Forgets processes that ended without a word. */
export const forgetProcesses = (client: Client): Promise<void> =>
  execute(client, sql`delete from ${PROCESSES} where expires_at < clock_timestamp() - interval '1 hour'`)

/** Whether any process lives that projects this set of tables; false where none ever has. */
export const hasProcesses = async (client: Client): Promise<boolean> => {
  const [made] = await rowsOf(
    client,
    sql`select 1 where to_regclass(${`${REGISTRY}.projection_processes`}) is not null`,
  )
  if (made === undefined) return false
  const living = sql`select 1 from ${PROCESSES} where set = ${TABLE_SET} and expires_at > clock_timestamp() limit 1`
  return (await rowsOf(client, living)).length > 0
}
