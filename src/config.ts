/** Where a ledger stores its data and where its server listens: flags and their environment variables, checked. */
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { z } from 'zod'
import { CLOUD_EVENTS_SOURCE, CloudEventsSource } from './api/entry-formats/entry-cloud-event.ts'
import type { EventStoreConfig } from './event-store/config.ts'
import { checkAddress, isEventStoreDbAddress } from './event-store/eventstoredb/address.ts'
import type { ReadModelConfig } from './read-model/config.ts'
import { checkPostgresUrl, isPostgresUrl } from './read-model/postgres/address.ts'

/** As flags or the environment give them. */
export type LedgerOptions = Readonly<{
  data?: string | undefined
  eventStore?: string | undefined
  readModel?: string | undefined
  streamPrefix?: string | undefined
}>
export type ListenOptions = Readonly<{
  host: string
  port: string
  unauthenticated?: boolean | undefined
  insecureHttp?: boolean | undefined
  tlsCert?: string | undefined
  trustProxy?: readonly string[] | undefined
  allowedHost?: readonly string[] | undefined
}>

/** `treePath`: the file of the tree over all events, which is no part of the read model: no rebuild makes it again. */
export type LedgerConfig = Readonly<{ eventStore: EventStoreConfig; readModel: ReadModelConfig; treePath: string }>
/** `port` 0 lets the system pick one. `allowedHosts`: names that the server may be reached by, beside its addresses. */
export type ListenConfig = Readonly<{
  host: string
  port: number
  allowedHosts: readonly string[]
  /** Nobody is asked for credentials, where that is safe. */
  unauthenticated: boolean
  /** Credentials do not cross the network in the clear, or may. */
  protectsCredentials: boolean
}>

/** The program was called wrongly; `detail` names the flag and says what to change. */
export type UsageFailure = Readonly<{ _tag: 'UsageFailure'; detail: string }>

const DEFAULT_DATA = './run-ledger-data'
const DEFAULT_PREFIX = 'run-'

/**
 * Where the events and the read model are. `data` holds both (`DIR/events.db`, `DIR/read-model.db`) unless one of them
 * is named separately. UsageFailure for an unknown kind of store, a malformed address, and for one of the two named
 * alone: the other would fall to the default directory, where it belongs to another ledger.
 */
export const ledgerConfigOf = (options: LedgerOptions): E.Either<UsageFailure, LedgerConfig> =>
  pipe(
    parsed(LedgerFlags, options),
    E.filterOrElse(
      ({ data, eventStore, readModel }) =>
        data !== undefined || (eventStore === undefined) === (readModel === undefined),
      () => usageFailure('give --event-store and --read-model together, or --data DIR for both'),
    ),
    E.flatMap(({ data, eventStore, readModel, streamPrefix = DEFAULT_PREFIX }) => {
      const fileOf = (name: string) => join(data ?? DEFAULT_DATA, name)
      return pipe(
        E.Do,
        E.apS('eventStore', eventStoreOf(eventStore ?? `${EMBEDDED}${fileOf('events.db')}`, streamPrefix)),
        E.apS('readModel', readModelOf(readModel ?? `${SQLITE}${fileOf('read-model.db')}`)),
        // Two ledgers may have their read models in one directory.
        E.let('treePath', (made) =>
          data === undefined && readModel !== undefined && made.readModel.kind === 'sqlite'
            ? `${made.readModel.path}.tree.db`
            : fileOf('tree.db'),
        ),
      )
    }),
  )

const EMBEDDED = 'embedded:'

const eventStoreOf = (text: string, prefix: string): E.Either<UsageFailure, EventStoreConfig> => {
  if (text.startsWith(EMBEDDED) && text.length > EMBEDDED.length)
    return E.right({ kind: 'embedded', path: text.slice(EMBEDDED.length), prefix })
  if (!isEventStoreDbAddress(text))
    return E.left(usageFailure('--event-store must be embedded:PATH or esdb://HOST:PORT'))
  return pipe(
    checkAddress(text),
    E.bimap(
      ({ detail }) => usageFailure(`--event-store ${detail}`),
      (address): EventStoreConfig => ({ kind: 'eventstoredb', address, prefix }),
    ),
  )
}

const SQLITE = 'sqlite:'

const readModelOf = (text: string): E.Either<UsageFailure, ReadModelConfig> => {
  if (text.startsWith(SQLITE) && text.length > SQLITE.length)
    return E.right({ kind: 'sqlite', path: text.slice(SQLITE.length) })
  if (!isPostgresUrl(text))
    return E.left(usageFailure('--read-model must be sqlite:PATH or postgres://USER@HOST/DATABASE'))
  return pipe(
    checkPostgresUrl(text),
    E.bimap(
      ({ detail }) => usageFailure(`--read-model ${detail}`),
      (url): ReadModelConfig => ({ kind: 'postgres', url }),
    ),
  )
}

/**
 * Where to listen. UsageFailure for a host that other machines can reach, unless credentials are safe on their way to it or
 * `unauthenticated` says that nobody needs any. `localhost` becomes one address, because fastify would listen on every
 * address of that name through extra servers that lack the limits of the first.
 */
export const listenConfigOf = (options: ListenOptions): E.Either<UsageFailure, ListenConfig> =>
  pipe(
    parsed(ListenFlags, options),
    E.map(({ insecureHttp, tlsCert, trustProxy, ...listen }) => ({
      ...listen,
      protectsCredentials: insecureHttp || tlsCert !== undefined || trustProxy.length > 0,
    })),
    E.filterOrElse(
      ({ host, unauthenticated, protectsCredentials }) => unauthenticated || protectsCredentials || isLoopback(host),
      ({ host }) =>
        usageFailure(
          `--host ${host} can be reached from other machines, and credentials would cross the network in the clear: ` +
            'serve over TLS (--tls-cert), name the proxy that does (--trust-proxy), ' +
            'or add --insecure-http where the network itself is trusted with them; ' +
            'with --unauthenticated nobody needs any',
        ),
    ),
    E.map(({ host, port, allowedHost, unauthenticated, protectsCredentials }) => ({
      host: host === 'localhost' ? '127.0.0.1' : host,
      port,
      allowedHosts: [host, ...allowedHost],
      unauthenticated,
      protectsCredentials,
    })),
  )

/** The `source` of CloudEvents. UsageFailure unless it is a URI or a path. */
export const cloudEventsSourceOf = (text: string = CLOUD_EVENTS_SOURCE): E.Either<UsageFailure, string> =>
  pipe(
    parsed(CloudEventsSource, text),
    E.mapLeft(({ detail }) => usageFailure(`--cloud-events-source ${detail}`)),
  )

/** The address that callers know, where a proxy stands before the server; its path ends in `/`. Null where none is given. */
export const publicUrlOf = (text: string | undefined): E.Either<UsageFailure, URL | null> => {
  if (text === undefined) return E.right(null)
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '')
    return E.left(usageFailure('--public-url must be the address that callers know, like https://host.example/ledger/'))
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return E.right(url)
}

/** A whole number from `least` to `most`; `flag` is the name that the UsageFailure uses for it. */
export const wholeNumberOf = (
  flag: string,
  text: string,
  { least, most }: Readonly<{ least: number; most: number }>,
): E.Either<UsageFailure, number> =>
  pipe(
    /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN,
    E.fromPredicate(
      (value) => value >= least && value <= most,
      () => usageFailure(`${flag} must be a whole number from ${least} to ${most}`),
    ),
  )

/** The address of a running server, its path ending in `/`. UsageFailure unless it is an http or https URL. */
export const serverUrlOf = (text: string): E.Either<UsageFailure, URL> =>
  pipe(
    URL.canParse(text) ? new URL(text) : null,
    E.fromNullable(usageFailure(SERVER_URL)),
    E.filterOrElse(
      ({ protocol }) => ['http:', 'https:'].includes(protocol),
      () => usageFailure(SERVER_URL),
    ),
    E.map((url) => new URL(url.pathname.endsWith('/') ? url : `${url.origin}${url.pathname}/${url.search}`)),
  )

const SERVER_URL = '--url must be the address of a server, such as http://127.0.0.1:8080'

/** A wrong call; `detail` names the flag and says what to change. */
export const usageFailure = (detail: string): UsageFailure => ({ _tag: 'UsageFailure', detail })

const parsed = <Schema extends z.ZodType>(schema: Schema, value: unknown): E.Either<UsageFailure, z.output<Schema>> => {
  const result = schema.safeParse(value)
  return result.success
    ? E.right(result.data)
    : E.left(usageFailure(result.error.issues[0]?.message ?? 'the options are wrong'))
}

const LedgerFlags = z.object({
  data: z.string().min(1, '--data must name a directory').optional(),
  eventStore: z.string().optional(),
  readModel: z.string().optional(),
  streamPrefix: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, '--stream-prefix must be 1 to 64 of A-Z a-z 0-9 . _ : -')
    .optional(),
})

const PORT = '--port must be a number from 0 to 65535'

const ListenFlags = z.object({
  host: z.string().min(1, '--host must name an address'),
  port: z
    .string()
    .regex(/^\d{1,5}$/, PORT)
    .transform(Number)
    .refine((port) => port <= 65_535, PORT),
  unauthenticated: z.boolean().default(false),
  insecureHttp: z.boolean().default(false),
  tlsCert: z.string().optional(),
  trustProxy: z.array(z.string()).default([]),
  allowedHost: z
    .array(z.string().regex(/^[A-Za-z0-9._-]{1,253}$/, '--allowed-host must be a host name, without scheme and port'))
    .default([]),
})

// RFC 1122, section 3.2.1.3 (127/8) and RFC 4291, section 2.5.3 (::1).
/** Whether `host` can be reached from this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
