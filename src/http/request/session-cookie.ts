/** The cookie of a browser's session. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Access, Presented } from '../../access/access.ts'
import { renewed, type Session, sealSession } from '../../access/sessions.ts'

export type SessionCookie = Readonly<{
  presented: (request: FastifyRequest) => Presented
  /** Sets it to `sealed`. */
  set: (reply: FastifyReply, sealed: string) => void
  /** Deletes it. */
  clear: (reply: FastifyReply) => void
  /** The value of a cookie beside it, by its name. */
  other: (request: FastifyRequest, name: string) => string | undefined
  setOther: (reply: FastifyReply, name: string, value: string, seconds: number) => void
}>

/**
 * `path`: where the server is for its callers, `/` at the root. Over HTTPS the name has a prefix that keeps other hosts, and
 * pages without TLS, from setting it (RFC 6265bis, section 4.1.3).
 */
export const sessionCookieAt = (isSecure: boolean, path: string): SessionCookie => {
  const prefix = isSecure ? (path === '/' ? '__Host-' : '__Secure-') : ''
  const name = `${prefix}run_ledger`
  const attributes = `; Path=${path}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  const add = (reply: FastifyReply, cookie: string): void => void reply.header('set-cookie', cookie + attributes)
  return {
    presented: ({ headers }) => ({
      authorization: headers.authorization,
      cookie: headers.cookie === undefined ? undefined : cookieIn(headers.cookie, name),
    }),
    set: (reply, sealed) => add(reply, `${name}=${sealed}`),
    clear: (reply) => add(reply, `${name}=; Max-Age=0`),
    other: ({ headers }, suffix) =>
      headers.cookie === undefined ? undefined : cookieIn(headers.cookie, `${name}_${suffix}`),
    setOther: (reply, suffix, value, seconds) => add(reply, `${name}_${suffix}=${value}; Max-Age=${seconds}`),
  }
}

const cookieIn = (header: string, name: string): string | undefined => {
  for (const part of header.split(';')) {
    const at = part.indexOf('=')
    if (at !== -1 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return undefined
}

/** Notes in the cookie that its session is in use. A stream, which asks for nothing any more, does not. */
export const renewCookie = async (
  { seal, now }: Pick<Access, 'seal' | 'now'>,
  cookie: SessionCookie,
  request: FastifyRequest,
  reply: FastifyReply,
  session: Session | null,
): Promise<void> => {
  const used = session === null || request.routeOptions.url === '/stream' ? null : renewed(session, now())
  if (used !== null) cookie.set(reply, await sealSession(seal, used))
}
