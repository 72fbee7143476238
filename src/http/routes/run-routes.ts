/** `GET /runs/{run_id}`: a run now, or as it was. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pipe } from 'fp-ts/lib/function.js'
import type { Task } from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { RunAnswer } from '../../api/answers.ts'
import { RunReadQuery } from '../../api/run-query.ts'
import { later, type Position } from '../../event-store/event-store.ts'
import { type Moment, readRunAt } from '../../ledger/history.ts'
import { documented } from '../open-api/documented.ts'
import { lackOf } from '../request/authorization.ts'
import { RunReadHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { logPosition, POSITION_HEADER, reached } from '../response/await-position.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { etagOf, namesTag } from '../response/etag.ts'
import { type Refusal, refuse, refuseFor, respond } from '../response/problem-response.ts'
import { deletedOf, historyRefusal, NO_SUCH_RUN, readRefusal, waiting } from '../response/read-problems.ts'
import { NO_CACHE, POSITION } from '../response/response-headers.ts'
import { sendTogether } from '../response/send-together.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { RunPath } from './command-routes.ts'

export const runRoutes = (app: App, parts: ServerParts): void => {
  const { store, readModel } = parts

  // One `match` over the read and no chain of steps: each step would be one more promise on the busiest route.
  const fromReadModel = (request: FastifyRequest, reply: FastifyReply, run_id: string): Task<string | undefined> =>
    pipe(
      readModel.getRun(run_id),
      TE.match(
        (failure) => refuseFor(reply)(readRefusal(failure)),
        ({ position, run, quarantine }) => {
          reply.header(POSITION, position)
          if (run === null) return refuse(reply, quarantine === null ? NO_SUCH_RUN : waiting(quarantine))
          const deleted = quarantine === null ? null : deletedOf(quarantine)
          if (deleted !== null) return refuse(reply, deleted)
          if (run.quarantined !== null) reply.header('run-ledger-quarantined', run.quarantined)
          return runAnswer(request, reply, run.revision, run.text)
        },
      ),
    )

  const fromLog = (
    request: FastifyRequest,
    reply: FastifyReply,
    run_id: string,
    moment: Moment,
    wanted: Position | undefined,
  ): TE.TaskEither<Refusal, string | undefined> =>
    pipe(
      logPosition(parts, wanted),
      TE.flatMap((end) => {
        reply.header(POSITION, end)
        return pipe(
          readRunAt(store)(run_id, moment),
          TE.bimap(historyRefusal, ({ run, revision, position }) => {
            reply.header(POSITION, later(end, position))
            return runAnswer(request, reply, revision, JSON.stringify(run))
          }),
        )
      }),
    )

  app.get(
    '/runs/:run_id',
    {
      schema: { ...DOCUMENTED, params: RunPath, querystring: RunReadQuery, headers: RunReadHeaders },
      onRequest: produces(JSON_TYPE),
    },
    (request, reply) => {
      const { params, query, headers } = request
      const { run_id } = params
      note(request, { run_id })
      const position = headers['run-ledger-position']
      const forbidden = isOfThePast(query) ? lackOf(request, 'reader') : null
      if (forbidden !== null) return refuse(reply, forbidden)
      if (isFromLog(query)) return respond(reply, fromLog(request, reply, run_id, query, position))
      const current = fromReadModel(request, reply, run_id)
      if (position === undefined) return sendTogether(current())
      return respond(
        reply,
        pipe(
          reached(parts, position),
          TE.flatMapTask(() => current),
        ),
      )
    },
  )
}

/** A writer reads what it has written, and no more. */
const isOfThePast = ({ as_of, known_at, revision }: RunReadQuery): boolean =>
  as_of !== undefined || known_at !== undefined || revision !== undefined

/** Past moments and strong reads are folded from the stream. */
const isFromLog = (query: RunReadQuery): boolean => isOfThePast(query) || query.consistency !== undefined

/** The Run as JSON, or no body where the caller has this revision already; sets the headers. */
const runAnswer = (
  request: FastifyRequest,
  reply: FastifyReply,
  revision: number,
  text: string,
): string | undefined => {
  const etag = etagOf(revision)
  reply.header('etag', etag).header('cache-control', NO_CACHE)
  const known = request.raw.headers['if-none-match']
  if (known !== undefined && namesTag(known, etag)) {
    reply.code(304).send()
    return undefined
  }
  typed(reply, JSON_TYPE)
  return text
}

const HEADERS = {
  ETag: 'the revision of the Run, in quotes',
  ...POSITION_HEADER,
}

const DOCUMENTED = documented({
  operationId: 'getRun',
  permission: ['reader', 'writer'],
  summary: 'A run, now or as it was',
  tag: 'reads',
  answers: {
    200: {
      description: 'The Run',
      schema: RunAnswer,
      headers: {
        ...HEADERS,
        'Run-Ledger-Quarantined': 'the revision of a later event that cannot be read: the Run is the last good one',
      },
    },
    304: { description: 'The Run is at the revision that `If-None-Match` names', headers: HEADERS },
  },
  problems: [
    'run-not-found',
    'run-not-yet-created',
    'not-found',
    'run-deleted',
    'run-unreadable',
    'position-not-reached',
    'run-quarantined',
  ],
})
