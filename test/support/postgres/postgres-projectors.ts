/** Projectors into PostgreSQL over real logs. */
import type pg from 'pg'
import { onTestFinished } from 'vitest'
import { openPool } from '../../../src/read-model/postgres/connection.ts'
import {
  type PostgresProjectorOptions,
  startPostgresProjector,
} from '../../../src/read-model/postgres/projector/start-postgres-projector.ts'
import { REGISTRY } from '../../../src/read-model/postgres/tables.ts'
import type { Projector } from '../../../src/read-model/projector/projector.ts'
import { logPath } from '../ledger-on-disk.ts'
import { rightOf } from '../scenario.ts'

/** A projector of the log at `directory` into the database at `url`, in a thread of this process; stopped with the test. */
export const startInto = async (
  directory: string,
  url: string,
  more: Partial<PostgresProjectorOptions> = {},
): Promise<Projector> => {
  const eventStore = { kind: 'embedded', path: logPath(directory), prefix: 'run-' } as const
  const projector = rightOf(await startPostgresProjector({ eventStore, url, ...more })())
  onTestFinished(() => projector.stop())
  return projector
}

/** For looking into the database. */
export const poolAt = (url: string): pg.Pool => {
  const limits = { statementTimeoutMs: 60_000, answerTimeoutMs: 60_000, idleInTransactionMs: 60_000 }
  const pool = openPool(url, { ...limits, name: 'test', max: 2, onLost: () => undefined })
  onTestFinished(() => pool.end())
  return pool
}

/** How many parts of the newest generation each living process holds, from the fewest to the most. */
export const sharesIn = async (pool: pg.Pool): Promise<readonly number[]> => {
  const { rows } = await pool.query(
    `SELECT count(*) AS parts FROM ${REGISTRY}.projection_leases
     WHERE owner IS NOT NULL AND expires_at > clock_timestamp()
       AND generation = (SELECT max(generation) FROM ${REGISTRY}.projection_leases) GROUP BY owner ORDER BY 1`,
  )
  return rows.map(({ parts }) => parts)
}
