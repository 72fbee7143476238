/** The routes that take one command each. */
import type { FastifyReply, FastifyRequest } from 'fastify'
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
import { CommandHeaders, CreateHeaders } from '../request/headers.ts'
import { correlationIdOf, note } from '../request/request-log.ts'
import { etagOf } from '../response/conditional.ts'
import { publicPath } from '../response/public-path.ts'
import { JSON_TYPE, POSITION, produces, refuse, typed } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const commandRoutes = (app: App, { ledger, now }: ServerParts): void => {
  const perform = async (request: FastifyRequest, reply: FastifyReply, command: RunCommand): Promise<string> => {
    note(request, { run_id: command.run_id, command_id: command.command_id })
    const answer = await ledger.execute(command)()
    if (answer._tag === 'Left') return refuseCommand(reply, answer.left)
    return tell(reply, answer.right, command.command === 'create' ? 201 : 200)
  }

  /** What comes with a command, out of the headers. */
  const contextOf = (
    request: FastifyRequest,
    run_id: string,
    headers: CommandHeadersRead,
    expected_revision?: number,
  ): CommandContext => {
    const key = headers['idempotency-key']
    const command_id = key ?? newId()
    return {
      run_id,
      command_id,
      command_id_is_new: key === undefined,
      actor: headers['run-ledger-actor'] ?? ANONYMOUS,
      recorded_by: RECORDED_BY,
      correlation_id: correlationIdOf(request) ?? command_id,
      traceparent: headers.traceparent,
      received_at: now(),
      expected_revision,
    }
  }

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
      const run_id = body.run_id ?? (key === undefined ? newId() : runIdOf(null, key))
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

export const ANONYMOUS = 'anonymous'
export const RECORDED_BY = { principal: null, via: 'http' } as const

type CommandHeadersRead = Readonly<{
  'idempotency-key'?: string | undefined
  'run-ledger-actor'?: string | undefined
  traceparent?: string | undefined
}>

const tell = (reply: FastifyReply, { run, revision, position, repeated }: Recorded, status: number): string => {
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

const refuseCommand = (reply: FastifyReply, failure: CommandFailure): string => {
  // What the store says of its trouble is for the log alone.
  if (failure._tag === 'CommandUnavailable') note(reply.request, { cause: failure.detail })
  return refuse(reply, problemOf(failure))
}

const ifMatchFault: Fault = { header: 'If-Match', detail: 'a create takes none: there is no revision to match yet' }
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
    summary,
    tag: 'commands',
    answers: {
      [status]: {
        description: 'The Run after the command; to a repeat, as it was after the first time',
        schema: RunAnswer,
        headers: {
          ETag: 'the revision of the Run, in quotes',
          'Content-Location': 'where the Run stands',
          'Run-Ledger-Position': 'send it with a read to see at least this event',
          'Run-Ledger-Repeated': '`true`: the command had been stored before, and this is its first answer',
          ...(status === 201 ? { Location: 'where the Run stands' } : undefined),
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
