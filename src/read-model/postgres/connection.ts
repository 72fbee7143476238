/** Connections to PostgreSQL: what a URL says, pools that survive lost connections, and limits on how long a session waits. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
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

const FORM = 'must be postgres://USER@HOST/DATABASE'
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full']

/** A URL as libpq takes it, for one host. Left where it cannot be used; `detail` says what to change, and holds no secret. */
export const checkPostgresUrl = (text: string): Either<Readonly<{ detail: string }>, string> => {
  if (!isPostgresUrl(text) || !URL.canParse(text)) return left({ detail: FORM })
  const { searchParams, pathname } = new URL(text)
  if (pathname.length < 2) return left({ detail: `${FORM}: it names no database` })
  const mode = searchParams.get('sslmode')
  if (mode !== null && !SSL_MODES.includes(mode))
    return left({ detail: `has sslmode=${mode}: it must be one of ${SSL_MODES.join(', ')}` })
  try {
    // Reads the certificates that the URL names; connects to nothing.
    new pg.Client({ connectionString: asLibpq(text) })
    return right(text)
  } catch (error) {
    return left({ detail: `cannot be used: ${(error as Error).message}` })
  }
}

export const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:\/\/./.test(text)

/** The server and the database, for messages: a URL may hold a password. */
export const placeOf = (url: string): string => {
  const { host, pathname } = new URL(url)
  return `postgres://${host}${pathname}`
}

/** pg's own meaning of `sslmode` differs from libpq's. */
const asLibpq = (url: string): string => {
  const read = new URL(url)
  if (read.searchParams.has('sslmode')) read.searchParams.set('uselibpqcompat', 'true')
  return read.href
}
