/** `/keys`: issuing, listing and revoking API keys. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import type { Access } from '../../../access/access.ts'
import type { ChangeFailure } from '../../../access/change-access.ts'
import type { KeyRefused, RevokeRefused } from '../../../access/decide.ts'
import { KeyId } from '../../../access/events.ts'
import { issueKey, type KeyStore, revokeKey } from '../../../access/issue-key.ts'
import { keyView } from '../../../access/key-view.ts'
import { IssueKeyBody, KeyAnswer, KeyIssuedAnswer, KeysAnswer } from '../../../api/keys.ts'
import { type Problem, problem, problemOf } from '../../../api/problems.ts'
import { documented } from '../../open-api/documented.ts'
import { NO_BOOTSTRAP, principalOf, recorderOf } from '../../request/authorization.ts'
import { NoQuery } from '../../request/headers.ts'
import { JSON_TYPE, produces, typed } from '../../response/content-negotiation.ts'
import { type Refusal, refuse, respond } from '../../response/problem-response.ts'
import { publicPath } from '../../response/public-path.ts'
import { NO_CACHE } from '../../response/response-headers.ts'
import type { App, ServerParts } from '../../server-parts.ts'

export const keyRoutes = (app: App, { access }: ServerParts): void => {
  /** Refused without credentials, also where nothing else asks for them: anyone who comes first must not take a server over. */
  const withKeys = (
    request: FastifyRequest,
    reply: FastifyReply,
    steps: (keys: KeyStore) => TE.TaskEither<Refusal, object>,
  ): Promise<string> | string => {
    if (access === null || principalOf(request) === null) return refuse(reply, NO_BOOTSTRAP)
    return respond(
      reply,
      pipe(
        steps(keyStoreOf(access, request)),
        TE.map((body) => {
          typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
          return JSON.stringify(body)
        }),
      ),
    )
  }

  app.post('/keys', { schema: { ...ISSUE, body: IssueKeyBody }, onRequest: produces(JSON_TYPE) }, (request, reply) =>
    withKeys(request, reply, (keys) =>
      pipe(
        issueKey(keys, withNulls(request.body)),
        TE.bimap(issueRefusal, ({ key, text }) => {
          reply.code(201).header('location', publicPath(reply, `/keys/${key.key_id}`))
          return { ...keyView(key, keys.now()), key: text }
        }),
      ),
    ),
  )

  app.get('/keys', { schema: { ...LIST, querystring: NoQuery }, onRequest: produces(JSON_TYPE) }, (request, reply) =>
    withKeys(request, reply, ({ keys, now }) =>
      pipe(
        keys,
        TE.bimap(changeRefusal, (all) => ({ data: all.map((key) => keyView(key, now())) })),
      ),
    ),
  )

  app.delete(
    '/keys/:key_id',
    { schema: { ...REVOKE, params: z.object({ key_id: z.string() }) }, onRequest: produces(JSON_TYPE) },
    (request, reply) =>
      withKeys(request, reply, (keys) =>
        pipe(
          KeyId.safeParse(request.params.key_id).success
            ? revokeKey(keys, request.params.key_id)
            : TE.left<RevokeRefused>({ _tag: 'NoSuchKey' }),
          TE.bimap(revokeRefusal, (key) => keyView(key, keys.now())),
        ),
      ),
  )
}

const keyStoreOf = ({ change, keys, now }: Access, request: FastifyRequest): KeyStore => ({
  change: change(recorderOf(request)),
  keys,
  now,
})

type Given = z.output<typeof IssueKeyBody>

const withNulls = ({ name, roles, act_as, not_before, expires_at, succeeds }: Given) => ({
  name,
  roles,
  act_as: act_as ?? null,
  not_before: not_before ?? null,
  expires_at: expires_at ?? null,
  succeeds: succeeds ?? null,
})

const issueRefusal = (failure: KeyRefused | ChangeFailure): Refusal => {
  switch (failure._tag) {
    case 'KeyNameUsed':
      return { problem: problem('key-name-used', `a key with the name ${failure.name} was issued before`) }
    case 'KeyInvalid':
      return { problem: invalid(failure.field, failure.detail) }
    default:
      return changeRefusal(failure)
  }
}

const invalid = (field: string, detail: string): Problem =>
  problemOf({ _tag: 'Invalid', errors: [{ pointer: `/${field}`, detail }] })

const revokeRefusal = (failure: RevokeRefused | ChangeFailure): Refusal => {
  switch (failure._tag) {
    case 'NoSuchKey':
      return { problem: problem('not-found', 'no key has this id') }
    case 'LastAdmin':
      return { problem: problem('last-admin', 'this is the last valid key with the role admin') }
    default:
      return changeRefusal(failure)
  }
}

export const changeRefusal = (failure: ChangeFailure): Refusal => ({
  problem:
    failure._tag === 'AccessNotStored'
      ? problem('store-unavailable', OUTCOMES[failure.outcome], { outcome: failure.outcome })
      : problem('store-unavailable', 'the access events cannot be read now'),
  cause: failure.detail,
})

const OUTCOMES = {
  not_stored: 'the change was not stored: send it again',
  unknown: 'it is not known whether the change was stored: GET /keys shows it',
}

const ISSUE = documented({
  operationId: 'issueKey',
  permission: 'admin',
  summary: 'Issue an API key',
  description:
    'The answer is the only one that holds the key. The first key of a ledger comes from `run-ledger keys issue`: this route takes no request without credentials.',
  tag: 'access',
  answers: {
    201: {
      description: 'The key',
      schema: KeyIssuedAnswer,
      headers: { Location: 'the address of the key' },
    },
  },
  problems: ['malformed-json', 'forbidden', 'key-name-used', 'body-too-large', 'unsupported-media-type', 'invalid'],
})

const LIST = documented({
  operationId: 'listKeys',
  permission: 'admin',
  summary: 'All keys that were ever issued, oldest first, without their secrets',
  tag: 'access',
  answers: { 200: { description: 'The keys', schema: KeysAnswer } },
  problems: ['forbidden'],
})

const REVOKE = documented({
  operationId: 'revokeKey',
  permission: 'admin',
  summary: 'Revoke an API key',
  description:
    'Every server of the ledger refuses it within a second, and ends its open streams. Revoking it again changes nothing.',
  tag: 'access',
  answers: { 200: { description: 'The key, revoked', schema: KeyAnswer } },
  problems: ['forbidden', 'not-found', 'last-admin'],
})
