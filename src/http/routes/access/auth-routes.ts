/** `/auth/*`: who sends the request, signing in and signing out of a browser's session. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import type { Access, Verdict } from '../../../access/access.ts'
import { decideSignOut } from '../../../access/decide.ts'
import type { Principal, Refused } from '../../../access/principal.ts'
import { type Session, sealSession, sessionOf } from '../../../access/sessions.ts'
import { SIGN_IN_WITHIN_S, type SignedIn } from '../../../access/sign-in.ts'
import { SessionAnswer, SignInBody } from '../../../api/keys.ts'
import { type Problem, problem } from '../../../api/problems.ts'
import { documented } from '../../open-api/documented.ts'
import { authenticate, maySendSession, NOT_FROM_OUR_PAGE, refusal } from '../../request/authorization.ts'
import { JSON_TYPE, produces, typed } from '../../response/content-negotiation.ts'
import { type Refusal, refuse, respond } from '../../response/problem-response.ts'
import { publicPath } from '../../response/public-path.ts'
import { NO_CACHE } from '../../response/response-headers.ts'
import type { App, ServerParts } from '../../server-parts.ts'
import { changeRefusal } from './key-routes.ts'

export const authRoutes = (
  app: App,
  { access, sessionCookie, rateLimits: { failedCredentials } }: ServerParts,
): void => {
  const answer = (reply: FastifyReply, principal: Principal | null): string => {
    typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
    return JSON.stringify(sessionAnswer(access, principal))
  }
  const verdictOn = async (request: FastifyRequest): Promise<Verdict> =>
    access === null || !access.isOn()
      ? E.left({ _tag: 'NoCredentials' })
      : access.authenticate(sessionCookie.presented(request))
  const begin = async (open: Access, reply: FastifyReply, session: Session): Promise<void> =>
    sessionCookie.set(reply, await sealSession(open.seal, session))

  app.get('/auth/session', { schema: WHO, onRequest: produces(JSON_TYPE) }, async (request, reply) =>
    pipe(
      await verdictOn(request),
      E.match(
        (refused) =>
          isNobody(request, refused) ? answer(reply, null) : refuse(reply, refusal(request, reply)(refused)),
        (principal) => answer(reply, principal),
      ),
    ),
  )

  app.post(
    '/auth/session',
    { schema: { ...SIGN_IN, body: SignInBody }, onRequest: produces(JSON_TYPE) },
    async (request, reply) => {
      if (access === null || !access.isOn()) return refuse(reply, NOT_ON)
      if (access.signIn !== null) return refuse(reply, SIGN_IN_AT_ISSUER)
      if (!maySendSession(request)) return refuse(reply, NOT_FROM_OUR_PAGE)
      const presented = { authorization: `Bearer ${request.body.key}`, cookie: undefined }
      const verdict = await authenticate(access, failedCredentials, presented, request, reply)
      if ('status' in verdict) return refuse(reply, verdict)
      if (E.isLeft(verdict)) return refuse(reply, refusal(request, reply)(verdict.left))
      await begin(access, reply, sessionOf(verdict.right, access.now()))
      return answer(reply, verdict.right)
    },
  )

  app.delete('/auth/session', { schema: SIGN_OUT, onRequest: produces(JSON_TYPE) }, async (request, reply) => {
    const session = pipe(
      await verdictOn(request),
      E.match(
        () => null,
        (principal) => principal.session,
      ),
    )
    if (session !== null && !maySendSession(request)) return refuse(reply, NOT_FROM_OUR_PAGE)
    return respond(
      reply,
      pipe(
        access === null || session === null ? TE.right(null) : signOut(access, session),
        TE.map(() => {
          sessionCookie.clear(reply)
          return answer(reply, null)
        }),
      ),
    )
  })

  app.get('/auth/sign-in', { schema: { ...TO_ISSUER, querystring: SignInQuery } }, async (request, reply) => {
    if (!access?.signIn) return refuse(reply, NO_ISSUER)
    const begun = await access.signIn.begin(request.query.return_to)
    if (E.isLeft(begun)) return refuse(reply, refusal(request, reply)(begun.left))
    sessionCookie.setOther(reply, SIGN_IN_COOKIE, begun.right.cookie, SIGN_IN_WITHIN_S)
    return redirect(reply, begun.right.url)
  })

  app.get('/auth/callback', { schema: FROM_ISSUER }, async (request, reply) => {
    if (!access?.signIn) return refuse(reply, NO_ISSUER)
    const [, query = ''] = request.url.split('?', 2)
    const finished: E.Either<Refused, SignedIn> = await access.signIn.finish(
      query,
      sessionCookie.other(request, SIGN_IN_COOKIE),
    )
    sessionCookie.setOther(reply, SIGN_IN_COOKIE, '', 0)
    if (E.isLeft(finished)) return refuse(reply, refusal(request, reply)(finished.left))
    const { principal, returnTo } = finished.right
    await begin(access, reply, sessionOf(principal, access.now()))
    return redirect(reply, publicPath(reply, returnTo))
  })
}

/** A browser whose session has ended keeps its cookie; it has to learn how to sign in again. */
const isNobody = ({ headers }: FastifyRequest, { _tag }: Refused): boolean =>
  _tag === 'NoCredentials' || (_tag === 'NotAccepted' && headers.authorization === undefined)

const SIGN_IN_COOKIE = 'sign_in'

const redirect = (reply: FastifyReply, location: string): FastifyReply =>
  reply.code(303).header('cache-control', NO_CACHE).header('location', location).send()

const sessionAnswer = (access: Access | null, principal: Principal | null): SessionAnswer => {
  const isOn = access?.isOn() ?? false
  return {
    authentication: isOn ? 'on' : 'off',
    sign_in: isOn ? (access?.signIn === null ? 'key' : 'issuer') : null,
    principal: principal?.name ?? null,
    roles: [...(principal?.roles ?? [])],
    act_as: principal?.act_as ?? null,
    expires_at: principal?.expires_at ?? null,
  }
}

/** An access event, so that every node refuses the cookie from now on. */
const signOut = ({ change, now }: Access, { session_id, name, ends_at }: Session): TE.TaskEither<Refusal, unknown> =>
  pipe(
    change({ actor: name, recorded_by: { principal: name, via: 'http' } })(decideSignOut(session_id, ends_at, now())),
    TE.mapLeft(changeRefusal),
  )

const SignInQuery = z.strictObject({
  return_to: z
    .string()
    .regex(/^\/ui\/[\w.~!$&'()*+,;=:@%/?-]*$/, 'must be the path of a page, which begins with /ui/')
    .default('/ui/'),
})

const NOT_ON: Problem = problem('not-found', 'this server asks for no credentials, so there is nothing to sign in to')
const NO_ISSUER: Problem = problem('not-found', 'no issuer is configured to sign in at')
const SIGN_IN_AT_ISSUER: Problem = problem('forbidden', 'sign in at the issuer: GET /auth/sign-in leads there')

const WHO = documented({
  operationId: 'getSession',
  permission: 'open',
  summary: 'Who sends the request, and what they may do',
  tag: 'access',
  answers: { 200: { description: 'Who sends it', schema: SessionAnswer } },
  problems: ['unauthenticated'],
})

const SIGN_IN = documented({
  operationId: 'signIn',
  permission: 'open',
  summary: 'Begin a session of a browser with a key',
  description: 'Where no issuer is configured. Sets the cookie of the session, which ends with the key at the latest.',
  tag: 'access',
  answers: { 200: { description: 'Who signed in', schema: SessionAnswer, headers: { 'Set-Cookie': 'the session' } } },
  problems: [
    'malformed-json',
    'unauthenticated',
    'forbidden',
    'not-found',
    'body-too-large',
    'unsupported-media-type',
    'invalid',
  ],
})

const SIGN_OUT = documented({
  operationId: 'signOut',
  permission: 'open',
  summary: 'End the session of the browser, on every server',
  tag: 'access',
  answers: { 200: { description: 'Nobody is signed in any more', schema: SessionAnswer } },
  problems: ['forbidden'],
})

const TO_ISSUER = { hide: true, 'x-permission': 'open' } as const
const FROM_ISSUER = TO_ISSUER
