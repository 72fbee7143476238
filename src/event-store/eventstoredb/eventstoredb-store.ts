/** EventStoreDB as the event store: any number of processes may write and read it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { backoff } from '../../lib/backoff.ts'
import type { Access, EventStoreDbConfig, OpenFailure } from '../config.ts'
import { accessStreamOf, type EventStore, type Position, START, unavailable } from '../event-store.ts'
import { createAppender } from './appender.ts'
import { type Connection, connect, type Link } from './connection.ts'
import { detailOf, type GrpcError, grpcErrorOf, isAccessDenied, timedOut } from './grpc-error.ts'
import { followHiddenStreams, type HiddenStreams } from './hidden-streams.ts'
import { LIMITS, type Limits } from './limits.ts'
import { createRead } from './read-call.ts'
import { createReader, type Edge, type Reader } from './reader.ts'
import { type Source, subscription } from './subscription.ts'

/**
 * Connects to `config.address`, and checks the server's version and that the log may be read. StoreUnavailable where
 * it does not answer within the limits, StoreRefused where waiting would not help. `recorded_at` is the server's time
 * of the event cut to ms: where another leader's clock is behind, it may run backwards, also inside a stream, and the
 * history takes the latest up to each event.
 */
export const openEventStoreDb =
  (config: EventStoreDbConfig, access: Access): TaskEither<OpenFailure, EventStore> =>
  async () => {
    const limits = { ...LIMITS, ...config.limits }
    let connection: Connection
    try {
      connection = connect(config.address)
    } catch {
      // Its message may hold the whole address, and so the password.
      return refused(
        'the address in --event-store cannot be used: check the host and the certificate files that it names',
      )
    }
    const reader = createReader(createRead(connection, limits), config.prefix)
    const ready = await checked(connection, reader, limits)
    if (ready._tag === 'Right')
      return right(storeOf({ connection, reader, limits, prefix: config.prefix, access, end: ready.right.last }))
    await connection.close()
    return ready
  }

const CLOSED = unavailable('the store is closed')
const READ_ONLY = unavailable('the store is open for reading only')

const NONE: HiddenStreams = { has: () => false }

type Opened = Readonly<{
  connection: Connection
  reader: Reader
  limits: Limits
  prefix: string
  access: Access
  /** Where the log ended when it was opened. */
  end: Position
}>

const storeOf = ({ connection, reader, limits, prefix, access, end }: Opened): EventStore => {
  const closing = new AbortController()
  const source: Source = { connection, reader, prefix, limits, closing: closing.signal }
  const follow = () => followHiddenStreams({ connection, prefix, limits, from: end, signal: closing.signal })
  // Who only reads looks at the metadata each time.
  const hidden = access === 'read' ? NONE : follow()
  const appender = createAppender({ connection, reader, hidden, prefix, limits })
  const unlessClosed =
    <E, A>(work: () => Promise<Either<E, A>>): TaskEither<E | typeof CLOSED, A> =>
    async () =>
      closing.signal.aborted ? left(CLOSED) : work()
  const accessStream = accessStreamOf(prefix)
  const accessReader = createReader(createRead(connection, limits), accessStream)
  // A writer of the access stream has read it from its beginning, and would have seen that it is hidden.
  const accessAppender = createAppender({
    connection,
    reader: accessReader,
    hidden: NONE,
    prefix: accessStream,
    limits,
  })
  let closed: Promise<void> | null = null
  const close = async () => {
    closing.abort()
    await Promise.all([appender.drain(), accessAppender.drain()])
    await connection.close()
  }
  return {
    access: {
      append: (expected, events) =>
        access === 'read'
          ? async () => left(READ_ONLY)
          : unlessClosed(() => accessAppender.append('', expected, events)),
      read: (options) => unlessClosed(() => accessReader.readStream('', options)),
      subscribe: (options) => subscription({ ...source, reader: accessReader, prefix: accessStream }, options),
    },
    append: (stream, expected, events) =>
      access === 'read' ? async () => left(READ_ONLY) : unlessClosed(() => appender.append(stream, expected, events)),
    readStream: (stream, options) =>
      unlessClosed(async () =>
        hidden.has(stream)
          ? left({ _tag: 'StreamDeleted', tombstoned: false } as const)
          : reader.readStream(stream, options),
      ),
    subscribe: (options) => subscription(source, options),
    headPosition: () => unlessClosed(reader.head),
    backlog: (after) => unlessClosed(() => reader.backlog(after)),
    // Nobody owns a log that any number may write.
    announce: () => undefined,
    close: () => {
      closed ??= close()
      return closed
    },
  }
}

/** Asks for the version, then for the end of the log, until both answer or the time is up. */
const checked = async (connection: Connection, reader: Reader, limits: Limits): Promise<Either<OpenFailure, Edge>> => {
  const until = Date.now() + limits.openWithin
  for (let tries = 0; ; tries += 1) {
    const link = connection.link()
    const version = await versionOf(link, Math.max(0, until - Date.now()))
    if (version._tag === 'Right' && !isKnown(version.right)) return refused(tooOld(version.right))
    const answered = version._tag === 'Right' ? await reader.edge(START) : version
    if (answered._tag === 'Right') return answered
    if (isAccessDenied(answered.left)) return refused(detailOf(answered.left))
    const wait = backoff(limits.backoff, tries)
    if (Date.now() + wait >= until) return left(unavailable(detailOf(answered.left)))
    connection.leave(link)
    await sleep(wait)
  }
}

const versionOf = async (link: Link, within: number): Promise<Either<GrpcError, string>> => {
  const silent = new AbortController()
  const late = sleep(within, left(timedOut(within)), { signal: silent.signal }).catch(() => left(timedOut(within)))
  const asked = link.serverVersion().then(right, (error) => left(grpcErrorOf(error)))
  const answer = await Promise.race([asked, late])
  silent.abort()
  return answer
}

const LEAST = [22, 10] as const

/** A server built from its source has the version 0. */
const isKnown = (version: string): boolean => {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined) return false
  const number = [Number(major), Number(minor)] as const
  return number[0] === 0 || number[0] > LEAST[0] || (number[0] === LEAST[0] && number[1] >= LEAST[1])
}

const tooOld = (version: string): string =>
  `EventStoreDB ${LEAST.join('.')} or later is needed, and this server ${version === 'unknown' ? 'is older' : `is ${version}`}`

const refused = (detail: string): Either<OpenFailure, never> => left({ _tag: 'StoreRefused', detail })
