/** The routes that take one command each. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { RunAnswer } from '../../api/answers.ts'
import type { Slug } from '../../api/problem-kinds.ts'
import { type Fault, problemOf } from '../../api/problems.ts'
import type { CommandFailure } from '../../ledger/failures.ts'
import type { Recorded } from '../../ledger/ledger.ts'
import { newId } from '../../lib/new-id.ts'
import {
  ChangeStatusBody,
  type CommandContext,
  CompleteBody,
  CreateBody,
  type RunCommand,
  StartBody,
} from '../../run/commands.ts'
import { runIdOf } from '../../run/ids.ts'
import { Id } from '../../run/run.ts'
import { documented } from '../open-api/documented.ts'
import { recorderOf } from '../request/authorization.ts'
import { type CommandHeadersRead, requestContext } from '../request/command-context.ts'
import { CommandHeaders, CreateHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { etagOf } from '../response/etag.ts'
import { type Refusal, refuse, respond } from '../response/problem-response.ts'
import { publicPath } from '../response/public-path.ts'
import { POSITION } from '../response/response-headers.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const commandRoutes = (app: App, { ledger, now }: ServerParts): void => {
  const perform = (request: FastifyRequest, reply: FastifyReply, command: RunCommand): Promise<string> => {
    note(request, { run_id: command.run_id, command_id: command.command_id })
    return respond(
      reply,
      pipe(
        ledger.execute(command),
        TE.bimap(commandRefusal, (recorded) => runAfter(reply, recorded, command.command === 'create' ? 201 : 200)),
      ),
    )
  }

  /** The context of a command, from the headers. */
  const contextOf = (
    request: FastifyRequest,
    run_id: string,
    headers: CommandHeadersRead,
    expected_revision?: number,
  ): CommandContext => ({ ...requestContext(request, headers, now()), run_id, expected_revision })

  app.post(
    '/runs',
    {
      schema: {
        ...described('createRun', 'Create a run', 201, ['run-exists', 'metadata-too-large']),
        headers: CreateHeaders,
        body: CreateBody,
      },
      onRequest: produces(JSON_TYPE),
    },
    (request, reply) => {
      if (request.raw.headers['if-match'] !== undefined) return refuse(reply, NO_IF_MATCH)
      const { body, headers } = request
      const key = headers['idempotency-key']
      const run_id =
        body.run_id ?? (key === undefined ? newId() : runIdOf(recorderOf(request).recorded_by.principal, key))
      return perform(request, reply, { ...contextOf(request, run_id, headers), ...body, command: 'create', run_id })
    },
  )

  app.post(
    '/runs/:run_id/start',
    {
      schema: {
        ...described('startRun', 'Start a run', 200, ['run-already-started']),
        params: RunPath,
        headers: CommandHeaders,
        body: StartBody,
      },
      onRequest: produces(JSON_TYPE),
    },
    (request, reply) =>
      perform(request, reply, {
        ...contextOf(request, request.params.run_id, request.headers, request.headers['if-match']),
        ...request.body,
        command: 'start',
      }),
  )

  app.post(
    '/runs/:run_id/status',
    {
      schema: {
        ...described('changeStatus', 'Change the status of a run', 200, ['run-not-started', 'metadata-too-large']),
        params: RunPath,
        headers: CommandHeaders,
        body: ChangeStatusBody,
      },
      onRequest: produces(JSON_TYPE),
    },
    (request, reply) =>
      perform(request, reply, {
        ...contextOf(request, request.params.run_id, request.headers, request.headers['if-match']),
        ...request.body,
        command: 'change_status',
      }),
  )

  app.post(
    '/runs/:run_id/complete',
    {
      schema: {
        ...described('completeRun', 'Complete a run', 200, ['run-not-started', 'metadata-too-large']),
        params: RunPath,
        headers: CommandHeaders,
        body: CompleteBody,
      },
      onRequest: produces(JSON_TYPE),
    },
    (request, reply) =>
      perform(request, reply, {
        ...contextOf(request, request.params.run_id, request.headers, request.headers['if-match']),
        ...request.body,
        command: 'complete',
      }),
  )
}

export const RunPath = z.object({ run_id: Id })

/** The Run after a command, as JSON; sets the headers. */
const runAfter = (reply: FastifyReply, { run, revision, position, repeated }: Recorded, status: number): string => {
  const address = publicPath(reply, `/runs/${run.run_id}`)
  typed(reply, JSON_TYPE)
    .code(status)
    .header('etag', etagOf(revision))
    .header('content-location', address)
    .header(POSITION, position)
  if (status === 201) reply.header('location', address)
  if (repeated) reply.header('run-ledger-repeated', 'true')
  return JSON.stringify(run)
}

/** Why a command is refused. */
export const commandRefusal = (failure: CommandFailure): Refusal => ({
  problem: problemOf(failure),
  ...(failure._tag === 'CommandUnavailable' ? { cause: failure.detail } : undefined),
})

const ifMatchFault: Fault = {
  header: 'If-Match',
  detail: 'cannot be sent with a create: there is no revision to match yet',
}
const NO_IF_MATCH = problemOf({ _tag: 'MalformedRequest', errors: [ifMatchFault] })

const OF_CHANGES: readonly Slug[] = [
  'run-not-found',
  'run-completed',
  'run-full',
  'time-runs-backwards',
  'wrong-revision',
]

const described = (operationId: string, summary: string, status: 200 | 201, problems: readonly Slug[]) =>
  documented({
    operationId,
    permission: 'writer',
    summary,
    tag: 'commands',
    answers: {
      [status]: {
        description: 'The Run after the command. A repeated command returns the Run as it was after the first time',
        schema: RunAnswer,
        headers: {
          ETag: 'the revision of the Run, in quotes',
          'Content-Location': 'the address of the Run',
          'Run-Ledger-Position': 'send it with a read to see at least this event',
          'Run-Ledger-Repeated': '`true`: the command was stored before, and this is its first answer',
          ...(status === 201 ? { Location: 'the address of the Run' } : undefined),
        },
      },
    },
    problems: [
      'malformed-json',
      'forbidden',
      ...(status === 201 ? [] : OF_CHANGES),
      ...problems,
      'run-deleted',
      'body-too-large',
      'event-too-large',
      'unsupported-media-type',
      'invalid',
      'not-i-json',
      'idempotency-key-reused',
      'occurred-at-in-future',
      'run-unreadable',
      'run-contended',
    ],
  })
