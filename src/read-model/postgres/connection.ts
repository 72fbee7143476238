/** Connections to PostgreSQL: pools that survive lost connections, and limits on how long a session waits. */
import pg from 'pg'

export type PoolOptions = Readonly<{
  /** Shown in `pg_stat_activity`. */
  name: string
  /** At most so many connections. */
  max: number
  /** How long the server works on one statement; 0: without limit. */
  statementTimeoutMs: number
  /** How long this side waits for the result of a statement, where the network or the server is gone silently. */
  answerTimeoutMs: number
  /** How long the server lets a transaction wait for its next statement before it ends the session. */
  idleInTransactionMs: number
  /** How long a statement waits for a lock; without it as long as the statement may take. */
  lockTimeoutMs?: number
  /** Called with connections that are lost while idle. */
  onLost: (detail: string) => void
}>

const CONNECT_MS = 5_000
const KEEP_ALIVE_MS = 5_000

/** Connects when first asked. `url` has been checked by `checkPostgresUrl`; its parameters override these limits. */
export const openPool = (url: string, options: PoolOptions): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: asLibpq(url),
    application_name: options.name,
    max: options.max,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: options.answerTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: options.idleInTransactionMs,
    lock_timeout: options.lockTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  })
  // Without a listener, the loss of a connection ends the process.
  pool.on('error', (error) => options.onLost(error.message))
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/** Whole numbers of the tables are at most 2^53. */
const typeParser = (oid: number, format?: 'text' | 'binary'): unknown => {
  const isNumber = oid === pg.types.builtins.INT8 || oid === pg.types.builtins.NUMERIC
  return isNumber && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text')
}

/** pg's own meaning of `sslmode` differs from libpq's. */
const asLibpq = (url: string): string => {
  const read = new URL(url)
  if (read.searchParams.has('sslmode')) read.searchParams.set('uselibpqcompat', 'true')
  return read.href
}
