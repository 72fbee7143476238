/** Where a ledger keeps its data and where it listens: flags and their environment twins, checked. */
import { join } from 'node:path'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { z } from 'zod'
import { CLOUD_EVENTS_SOURCE, CloudEventsSource } from './api/entry-cloud-event.ts'
import { checkAddress, isEventStoreDbAddress } from './event-store/eventstoredb/address.ts'
import type { EventStoreConfig } from './event-store/open.ts'

/** As flags or environment give them. */
export type LedgerOptions = Readonly<{
  data?: string | undefined
  eventStore?: string | undefined
  readModel?: string | undefined
  streamPrefix?: string | undefined
}>
export type ListenOptions = Readonly<{ host: string; port: string; unauthenticated?: boolean | undefined }>

export type LedgerConfig = Readonly<{ eventStore: EventStoreConfig; readModelPath: string }>
/** `port` 0 lets the system pick one. */
export type ListenConfig = Readonly<{ host: string; port: number }>

/** The program was called wrongly; `detail` says what to change. */
export type UsageFailure = Readonly<{ _tag: 'UsageFailure'; detail: string }>

const DEFAULT_DATA = './run-ledger-data'
const DEFAULT_PREFIX = 'run-'

/**
 * Where the events and the read model are: `data` holds both (`DIR/events.db`, `DIR/read-model.db`) unless one is named
 * by itself. Refused: a store of another kind, an address that cannot be meant so, and one of the two named while the
 * other would fall to the default directory, where it belongs to another ledger.
 */
export const ledgerConfigOf = (options: LedgerOptions): Either<UsageFailure, LedgerConfig> => {
  const parsed = LedgerFlags.safeParse(options)
  if (!parsed.success) return usage(firstIssue(parsed.error))
  const { data, eventStore, readModel, streamPrefix } = parsed.data
  if (data === undefined && (eventStore === undefined) !== (readModel === undefined))
    return usage('give --event-store and --read-model together, or --data DIR for both')
  const directory = data ?? DEFAULT_DATA
  const store = eventStoreOf(eventStore ?? `${EMBEDDED}${join(directory, 'events.db')}`, streamPrefix ?? DEFAULT_PREFIX)
  if (store._tag === 'Left') return store
  return right({ eventStore: store.right, readModelPath: readModel ?? join(directory, 'read-model.db') })
}

const EMBEDDED = 'embedded:'

const eventStoreOf = (text: string, prefix: string): Either<UsageFailure, EventStoreConfig> => {
  if (text.startsWith(EMBEDDED) && text.length > EMBEDDED.length)
    return right({ kind: 'embedded', path: text.slice(EMBEDDED.length), prefix })
  if (!isEventStoreDbAddress(text)) return usage('--event-store must be embedded:PATH or esdb://HOST:PORT')
  const address = checkAddress(text)
  return address._tag === 'Left'
    ? usage(`--event-store ${address.left.detail}`)
    : right({ kind: 'eventstoredb', address: address.right, prefix })
}

/**
 * Where to listen. Refused: a host that others can reach, unless `unauthenticated` says that this is meant, since
 * whoever reaches the server may write. `localhost` is one address: fastify would listen on all that it stands for, by servers
 * without the limits of the first.
 */
export const listenConfigOf = (options: ListenOptions): Either<UsageFailure, ListenConfig> => {
  const parsed = ListenFlags.safeParse(options)
  if (!parsed.success) return usage(firstIssue(parsed.error))
  const { host, port, unauthenticated } = parsed.data
  return unauthenticated === true || isLoopback(host)
    ? right({ host: host === 'localhost' ? '127.0.0.1' : host, port })
    : usage(
        `--host ${host} can be reached by others, and there is no authentication yet: ` +
          'listen on 127.0.0.1, or add --unauthenticated where the network itself is trusted',
      )
}

/** What CloudEvents name as their `source`. */
export const cloudEventsSourceOf = (text: string = CLOUD_EVENTS_SOURCE): Either<UsageFailure, string> => {
  const parsed = CloudEventsSource.safeParse(text)
  return parsed.success ? right(parsed.data) : usage(`--cloud-events-source ${firstIssue(parsed.error)}`)
}

/** The address that callers know, where a proxy stands before the server; its path ends in `/`. Null where none is given. */
export const publicUrlOf = (text: string | undefined): Either<UsageFailure, URL | null> => {
  if (text === undefined) return right(null)
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '')
    return usage('--public-url must be the address that callers know, like https://host.example/ledger/')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return right(url)
}

/** A whole number within bounds; `flag` is how the refusal names it. */
export const wholeNumberOf = (
  flag: string,
  text: string,
  { least, most }: Readonly<{ least: number; most: number }>,
): Either<UsageFailure, number> => {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most
    ? right(value)
    : usage(`${flag} must be a whole number from ${least} to ${most}`)
}

/** The address of a running server, its path ending in `/`. */
export const serverUrlOf = (text: string): Either<UsageFailure, URL> => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return usage('--url must be the address of a server, like http://127.0.0.1:8080')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return right(url)
}

const usage = (detail: string): Either<UsageFailure, never> => left({ _tag: 'UsageFailure', detail })

const pathAfter = (scheme: string, message: string) =>
  z
    .string()
    .regex(new RegExp(`^${scheme}:.`), message)
    .transform((text) => text.slice(scheme.length + 1))
    .optional()

const LedgerFlags = z.object({
  data: z.string().min(1, '--data must name a directory').optional(),
  eventStore: z.string().optional(),
  readModel: pathAfter('sqlite', '--read-model must be sqlite:PATH'),
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
  unauthenticated: z.boolean().optional(),
})

const firstIssue = (error: z.ZodError): string => error.issues[0]?.message ?? 'the options are wrong'

// RFC 1122, section 3.2.1.3 (127/8) and RFC 4291, section 2.5.3 (::1).
const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
