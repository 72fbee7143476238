/** Which requests a server without authentication takes: those of programs and of its own pages, not of other web pages. */
import type { IncomingMessage } from 'node:http'
import { type Problem, problem, problemOf } from '../../api/problems.ts'

/** The problem of a request that another origin may have made, or whose `Host` is not valid; null for all others. */
export type OriginCheck = (request: IncomingMessage) => Problem | null

/**
 * A page can make a browser call this server by a name of its own that resolves to our address (DNS rebinding), so `Host`
 * must be an address, a loopback name or one of `allowedHosts` (in lower case, without a port). A page can also send
 * requests across origins without asking first, so one that may change something must not come from a foreign origin, but for those that `corsOrigins` names.
 */
export const originCheck = (
  allowedHosts: ReadonlySet<string>,
  corsOrigins: ReadonlySet<string> = new Set(),
): OriginCheck => {
  const isOurName = (authority: string): boolean =>
    LOOPBACK_OR_ADDRESS.test(authority) || allowedHosts.has(withoutPort(authority).toLowerCase())

  return (request) => {
    const authority = authorityOf(request)
    if (authority === undefined) return request.httpVersion === '1.0' && isFromOurOrigin(request, '') ? null : NO_HOST
    if (!isOurName(authority)) return AUTHORITY.test(authority) ? MISDIRECTED : BAD_HOST
    if (SAFE_METHODS.has(request.method as string) || isFromOurOrigin(request, authority)) return null
    return corsOrigins.has(request.headers.origin ?? '') ? null : FOREIGN_ORIGIN
  }
}

/** The host and port that the request is for: of an absolute URL where it names one (RFC 9112, section 3.2.2), else `Host`. */
const authorityOf = ({ url = '', headers }: IncomingMessage): string | undefined =>
  url.startsWith('/') ? headers.host : (/^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? headers.host)

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

// RFC 3986, section 3.2.2, but for the comma: Node joins repeated `Host` headers with one.
const AUTHORITY = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+;=%-]*)(?::\d*)?$/i

const LOOPBACK_OR_ADDRESS =
  /^(?:localhost|[a-z\d-]+(?:\.[a-z\d-]+)*\.localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])\.?(?::\d*)?$/i

const withoutPort = (authority: string): string => authority.replace(/\.?(?::\d*)?$/, '')

/** Programs send neither header. Browsers let no page change them. */
const isFromOurOrigin = ({ headers }: IncomingMessage, authority: string): boolean => {
  const { origin } = headers
  const site = headers['sec-fetch-site']
  if (site === 'same-origin') return true
  if (origin !== undefined) return isOrigin(origin, authority)
  return site === undefined || site === 'none'
}

/** Whether the browser says that a page of this server sent it: not one of an origin that may use the API, nor a program. */
export const isFromOurPage = (request: IncomingMessage): boolean => {
  const { origin } = request.headers
  if (request.headers['sec-fetch-site'] === 'same-origin') return true
  return origin !== undefined && isOrigin(origin, authorityOf(request) ?? '')
}

/** Whether a page of `origin` is one of ours. A proxy may have ended the TLS of its scheme. */
const isOrigin = (origin: string, authority: string): boolean => {
  const scheme = /^https?:\/\//i.exec(origin)?.[0]
  if (scheme === undefined || !URL.canParse(origin) || !URL.canParse(scheme + authority)) return false
  return new URL(origin).host === new URL(scheme + authority).host
}

const hostProblem = (detail: string): Problem =>
  problemOf({ _tag: 'MalformedRequest', errors: [{ header: 'Host', detail }] })

const NO_HOST = hostProblem('must be sent')
const BAD_HOST = hostProblem('must be one host name or address, and may have a port')

const MISDIRECTED = problem(
  'misdirected-request',
  'this server has no such name: use its address or localhost, or start it with --allowed-host NAME',
)

const FOREIGN_ORIGIN = problem('forbidden', 'a web page of another origin may not send this request')
