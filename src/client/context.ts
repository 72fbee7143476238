/** What all calls of one client share: how requests are sent, and the latest position that was answered. */
import { type Fetch, RETRY_POLICY, type RetryPolicy, type Transport } from './send.ts'

export type ClientOptions = Readonly<{
  /** The server's address, with the path that it stands under where that is not `/`; in a browser it may be relative. */
  url: string | URL
  /** A key, or an access token of the server's issuer. */
  token?: Token | undefined
  /** On whose behalf commands are sent, where a call does not say. */
  actor?: string | undefined
  /** Reads wait until the read model holds whatever this client was answered before. */
  readYourWrites?: boolean | undefined
  retry?: Partial<RetryPolicy> | undefined
  /** In place of the platform's own, to add a header to each request, say. */
  fetch?: Fetch | undefined
}>

/**
 * The token itself, or what returns the present one: it is asked before each request, and once more with `refused` where the
 * server did not accept what it returned.
 */
export type Token = string | ((asked: Readonly<{ refused: boolean }>) => string | Promise<string>)

export type CallOptions = Readonly<{
  signal?: AbortSignal | undefined
  /** At most 128 characters of printable ASCII: kept with events, and echoed. */
  correlationId?: string | undefined
}>

export type ReadOptions = CallOptions &
  Readonly<{
    /** The position of some answer: the read waits, at most 5 s, until the read model has reached it. */
    position?: string | undefined
  }>

export type Context = Readonly<{
  transport: Transport
  actor: string | undefined
  /** The latest position of any answer, null before the first. */
  position: () => string | null
  /** Whether reads are to wait for it. */
  readYourWrites: boolean
  /** Takes note of an answer's position, and returns it. */
  noted: (headers: Headers) => string
}>

export const createContext = (options: ClientOptions): Context => {
  let latest: string | null = null
  const { fetch = (url, init) => globalThis.fetch(url, init), readYourWrites = false, actor, token } = options
  return {
    transport: {
      fetch: token === undefined ? fetch : withToken(fetch, token),
      url: baseOf(options.url),
      retry: { ...RETRY_POLICY, ...options.retry },
    },
    actor,
    position: () => latest,
    readYourWrites,
    noted: (headers) => {
      const position = headers.get('run-ledger-position') ?? ''
      // Positions are 20 digits, compared as text.
      if (position > (latest ?? '')) latest = position
      return position
    },
  }
}

const withToken =
  (fetch: Fetch, token: Token): Fetch =>
  async (url, init) => {
    const send = (value: string) =>
      fetch(url, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${value}` },
      })
    if (typeof token === 'string') return send(token)
    const answer = await send(await token({ refused: false }))
    if (answer.status !== 401) return answer
    await answer.body?.cancel()
    return send(await token({ refused: true }))
  }

/** The headers of a read. */
export const readHeaders = (context: Context, accept: string, options: ReadOptions = {}): Record<string, string> => {
  const position = options.position ?? (context.readYourWrites ? context.position() : null)
  return {
    accept,
    ...(position === null ? undefined : { 'run-ledger-position': position }),
    ...correlation(options),
  }
}

export const correlation = ({ correlationId }: CallOptions): Record<string, string> =>
  correlationId === undefined ? {} : { 'x-correlation-id': correlationId }

const baseOf = (url: string | URL): URL => {
  const page = (globalThis as { location?: { href: string } }).location?.href
  const base = new URL(url, page)
  return base.pathname.endsWith('/') ? base : new URL(`${base.pathname}/`, base)
}
