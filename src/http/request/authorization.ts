/** Who may use a route: checked for every request before its route sees it. */
import type { FastifyReply, FastifyRequest, onRequestHookHandler, preHandlerHookHandler } from 'fastify'
import * as E from 'fp-ts/lib/Either.js'
import type { Access, Presented, Verdict } from '../../access/access.ts'
import { mayActAs, type Principal, type Refused } from '../../access/principal.ts'
import { type Permission, type Role, rolesFor } from '../../access/roles.ts'
import { type Problem, problem } from '../../api/problems.ts'
import type { RecordedBy } from '../../run/events.ts'
import type { FailedCredentials } from '../door/door.ts'
import { problemError } from '../response/problem-error.ts'
import { isFromOurPage } from './origin-check.ts'
import { note } from './request-log.ts'
import { renewCookie, type SessionCookie } from './session-cookie.ts'

/** Without it, nobody needs credentials. */
export type AccessControl = Readonly<{
  access: Access | null
  sessionCookie: SessionCookie
  rateLimits: Readonly<{ failedCredentials: FailedCredentials }>
}>

const PRINCIPAL = Symbol('principal')
type Authorized = { [PRINCIPAL]?: Principal | null }

/** The property for the principal. Declared before the first request, so that all requests have one hidden class. */
export const PRINCIPAL_OF: symbol = PRINCIPAL

/** Who sends the request; null where no credentials are needed. */
export const principalOf = (request: FastifyRequest): Principal | null => (request as Authorized)[PRINCIPAL] ?? null

/** Refuses requests without credentials that `permission` admits, and addresses that have sent too many wrong ones. */
export const authorize = (
  { access, sessionCookie, rateLimits: { failedCredentials } }: AccessControl,
  permission: Permission,
): onRequestHookHandler => {
  const roles = rolesFor(permission)
  return (request, reply, done) => {
    if (roles === null || access === null || !access.isOn()) return done()
    const presented = sessionCookie.presented(request)
    const refusedBy = E.match(refusal(request, reply), admission(request, roles))
    const end = (refused: Problem | null): void => (refused === null ? done() : done(problemError(refused)))
    // A key that is right is let in at once: a promise would cost every command a turn of the event loop.
    const holder = access.holderOfKey(presented)
    if (holder !== null) return end(refusedBy(E.right(holder)))
    const slowly = async (): Promise<Problem | null> => {
      const verdict = await authenticate(access, failedCredentials, presented, request, reply)
      if ('status' in verdict) return verdict
      const refused = refusedBy(verdict)
      const session = principalOf(request)?.session ?? null
      if (refused === null) await renewCookie(access, sessionCookie, request, reply, session)
      return refused
    }
    slowly().then(end, done)
  }
}

/** The verdict on credentials, or the problem of an address that has sent too many wrong ones: they are not looked at then. */
export const authenticate = async (
  access: Access,
  failedCredentials: FailedCredentials,
  presented: Presented,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Verdict | Problem> => {
  const tooMany = await failedCredentials.refusalOf(request, reply)
  if (tooMany !== null) return tooMany
  const verdict = await access.authenticate(presented)
  if (E.isLeft(verdict) && verdict.left._tag === 'NotAccepted') await failedCredentials.note(request)
  return verdict
}

const admission =
  (request: FastifyRequest, roles: readonly Role[]) =>
  (principal: Principal): Problem | null => {
    ;(request as Authorized)[PRINCIPAL] = principal
    if (principal.session !== null && !maySendSession(request)) return NOT_FROM_OUR_PAGE
    return hasOneOf(roles)(principal) ? null : forbiddenTo(roles)
  }

const hasOneOf =
  (roles: readonly Role[]) =>
  (principal: Principal): boolean =>
    principal.roles.some((role) => roles.includes(role))

/** The problem of a principal that lacks `permission`, for what a route shows to some of those whom it admits; null where it has it. */
export const lackOf = (request: FastifyRequest, permission: Permission): Problem | null => {
  const roles = rolesFor(permission)
  const principal = principalOf(request)
  return roles === null || principal === null || hasOneOf(roles)(principal) ? null : forbiddenTo(roles)
}

const forbiddenTo = (roles: readonly Role[]): Problem =>
  problem('forbidden', `this needs the role ${roles.join(' or ')}, which the credentials do not have`)

/**
 * A browser sends a session's cookie with whatever page makes a request, also one of an origin that may use the API with
 * credentials of its own.
 */
export const maySendSession = ({ raw }: FastifyRequest): boolean =>
  raw.method === 'GET' || raw.method === 'HEAD' || isFromOurPage(raw)

export const NOT_FROM_OUR_PAGE = problem('forbidden', 'a session may be used by pages of this server only')

/** Sets the header of a 401; returns the problem. The cause is for the log: callers get one answer for whatever is wrong. */
export const refusal =
  (request: FastifyRequest, reply: FastifyReply) =>
  (refused: Refused): Problem => {
    if (refused._tag !== 'NoCredentials') note(request, { cause: refused.cause })
    if (refused._tag === 'Unconfirmed') return UNCONFIRMED
    if (refused._tag === 'NoCredentials' && isIssuing(request)) return NO_BOOTSTRAP
    reply.header(
      'www-authenticate',
      refused._tag === 'NoCredentials' ? CHALLENGE : `${CHALLENGE}, error="invalid_token"`,
    )
    return UNAUTHENTICATED
  }

/** A server that has no keys yet must not be taken over by anyone who comes first: no answer here asks for credentials. */
const isIssuing = ({ method, routeOptions }: FastifyRequest): boolean =>
  method === 'POST' && routeOptions.url === '/keys'

export const NO_BOOTSTRAP = problem(
  'forbidden',
  'keys are issued with the key of an admin, whose first one comes from run-ledger keys issue',
)

const CHALLENGE = 'Bearer realm="run-ledger"'

export const UNAUTHENTICATED = problem(
  'unauthenticated',
  'valid credentials are needed: send a key or a token as Authorization: Bearer',
)
const UNCONFIRMED = problem('store-unavailable', 'credentials cannot be confirmed now; nothing was done')

/** Why the request may not name `actor`; null where it may. */
export const actorProblem = (request: FastifyRequest, actor: string): Problem | null => {
  const principal = principalOf(request)
  return principal === null || mayActAs(principal, actor) ? null : MAY_NOT_ACT_AS
}

/** Refuses commands in the name of an actor that the credentials may not act for. Lines that name one are checked each. */
export const checkActor: preHandlerHookHandler = (request, _reply, done) => {
  const actor = request.headers['run-ledger-actor']
  const refused = typeof actor === 'string' ? actorProblem(request, actor) : null
  if (refused === null) done()
  else done(problemError(refused))
}

const MAY_NOT_ACT_AS = problem('forbidden', 'the credentials may not act for this actor')

/** The actor of commands that name none, and who records them. */
export const recorderOf = (request: FastifyRequest): Readonly<{ actor: string; recorded_by: RecordedBy }> => {
  const principal = principalOf(request)
  return principal === null
    ? UNKNOWN_RECORDER
    : { actor: principal.name, recorded_by: { principal: principal.name, via: 'http' } }
}

const UNKNOWN_RECORDER = { actor: 'anonymous', recorded_by: { principal: null, via: 'http' } } as const
