/** What a process that projects nothing asks of those that do: rows that the owners of the parts execute. */
import { sql } from 'kysely'
import type pg from 'pg'
import type { RetryWhich } from '../../projector/projector.ts'
import { execute, rowsOf } from '../kysely.ts'
import { PARTS, partOf } from '../parts.ts'
import { REGISTRY, TABLE_SET } from '../tables.ts'

type Client = Pick<pg.ClientBase, 'query'>

const REQUESTS = sql.id(REGISTRY, 'projection_requests')

/** Asks the owners of the parts of `generation` to try quarantined runs again. */
export const requestRetry = (client: Client, id: string, generation: number, which: RetryWhich): Promise<void> => {
  const run_id = which === 'all' ? null : which.run_id
  const parts = run_id === null ? Array.from({ length: PARTS }, (_, part) => part) : [partOf(run_id)]
  return execute(
    client,
    sql`insert into ${REQUESTS} (id, set, generation, part, run_id)
      select ${id}, ${TABLE_SET}, ${generation}, part, ${run_id} from unnest(${parts}::int2[]) as part`,
  )
}

/** Whether all owners have done what was asked. */
export const isDone = async (client: Client, id: string): Promise<boolean> =>
  (await rowsOf(client, sql`select 1 from ${REQUESTS} where id = ${id} and done_at is null limit 1`)).length === 0

export const forgetRequest = (client: Client, id: string): Promise<void> =>
  execute(client, sql`delete from ${REQUESTS} where id = ${id}`)

export type RetryRequest = Readonly<{ id: string; part: number; run_id: string | null }>

/** What is asked of the owner of these parts. */
export const requestsFor = (
  client: Client,
  generation: number,
  parts: readonly number[],
): Promise<readonly RetryRequest[]> =>
  rowsOf(
    client,
    sql`select id, part, run_id from ${REQUESTS}
      where set = ${TABLE_SET} and generation = ${generation} and part = any(${parts}::int2[]) and done_at is null`,
  )

export const markDone = async (client: Client, requests: readonly RetryRequest[]): Promise<void> => {
  for (const { id, part } of requests)
    await execute(client, sql`update ${REQUESTS} set done_at = clock_timestamp() where id = ${id} and part = ${part}`)
}

/** Those whose asker went away without taking the answer. */
export const forgetOldRequests = (client: Client): Promise<void> =>
  execute(client, sql`delete from ${REQUESTS} where requested_at < now() - interval '1 hour'`)
