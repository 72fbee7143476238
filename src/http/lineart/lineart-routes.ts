/** `/compat/lineart/…`: the calls of Lineart's SDK about runs, answered in its shapes. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { problem } from '../../api/problems.ts'
import { wholeNumber } from '../../api/query-parts.ts'
import { readRunAt } from '../../ledger/history.ts'
import { Id } from '../../run/run.ts'
import { requestContext } from '../request/command-context.ts'
import { CreateHeaders } from '../request/headers.ts'
import { streamAnswer } from '../response/answer-stream.ts'
import { reached } from '../response/await-position.ts'
import { JSON_TYPE } from '../response/content-negotiation.ts'
import { problemOfError } from '../response/error-handler.ts'
import type { Refusal } from '../response/problem-response.ts'
import { historyRefusal, logRefusal } from '../response/read-problems.ts'
import { RunPath } from '../routes/command-routes.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { createRun, createRunGroup, NewRunBody } from './create-runs.ts'
import { DaysQuery, lastDays, type Span, spanOf } from './days.ts'
import { lineartJson, refuseLineart, respondLineart } from './errors.ts'
import { counts, type Day, daysOf, durations, durationsByStatus, outcomes } from './figures.ts'
import { runTexts } from './list-runs.ts'
import { versionsOf } from './policy-versions.ts'
import { lineartRun, lineartRunData } from './run-shape.ts'
import { publishStep, StepBody, UpdateBody, updateRun } from './update-run.ts'

/** To be registered under the prefix `/compat/lineart`: its refusals have another shape than those of other routes. */
export const lineartRoutes = (app: App, parts: ServerParts): void => {
  app.setErrorHandler((error, request, reply) => {
    reply.removeHeader('connection')
    reply.send(refuseLineart(reply, problemOfError(parts.logger, error, request)))
  })
  app.setNotFoundHandler((_request, reply) => reply.send(refuseLineart(reply, NO_SUCH_ROUTE)))
  readRoutes(app, parts)
  listRoutes(app, parts)
  writeRoutes(app, parts)
  figureRoutes(app, parts)
  for (const [method, url] of NOT_EXECUTED)
    app.route({
      method,
      url,
      schema: READ,
      handler: (_request, reply) => lineartJson(reply.code(501), { detail: NOT_HERE }),
    })
}

// Another API's routes: docs/lineart.md describes them, not the OpenAPI document.
const READ = { hide: true, 'x-permission': 'reader' } as const
const WRITE = { hide: true, 'x-permission': 'writer' } as const

const NO_SUCH_ROUTE = problem('not-found', 'Not Found')

const NOT_EXECUTED = [
  ['GET', '/runs/:run_id/logs'],
  ['POST', '/policy-versions/:policy_version_id/run'],
  ['POST', '/internal/run-version-sync'],
] as const
const NOT_HERE = 'the ledger executes no policies and has no logs of them'

const PolicyPath = z.object({ policy_id: Id })
const VersionPath = z.object({ policy_version_id: Id })

/** Read from the log, so that a client sees what it wrote. */
const readRoutes = (app: App, parts: ServerParts): void => {
  const shapes = { '/runs/:run_id': lineartRun, '/runs/:run_id/data': lineartRunData }
  for (const [url, shapeOf] of Object.entries(shapes))
    app.get(url, { schema: { ...READ, params: RunPath } }, ({ params }, reply) =>
      respondLineart(
        reply,
        pipe(
          readRunAt(parts.store)(params.run_id),
          TE.bimap(historyRefusal, ({ run }) => lineartJson(reply, shapeOf(run))),
        ),
      ),
    )
}

const ListQuery = z.object({ ...DaysQuery, limit: wholeNumber(1, 999_999_999).optional() })
type ListQuery = Readonly<z.output<typeof ListQuery>>

const listRoutes = (app: App, parts: ServerParts): void => {
  const list = (
    request: FastifyRequest,
    reply: FastifyReply,
    versions: TE.TaskEither<Refusal, readonly string[]>,
    query: ListQuery,
    span: Span,
  ) =>
    respondLineart<string | undefined>(
      reply,
      pipe(
        headReached(parts),
        TE.flatMap(() => versions),
        TE.flatMap((ids): TE.TaskEither<Refusal, string | undefined> => {
          if (ids.length === 0) return TE.right(lineartJson(reply, []))
          const texts = runTexts(parts, { versions: ids, span, limit: query.limit ?? Number.POSITIVE_INFINITY })
          return TE.fromTask(() => streamAnswer(parts, request, reply, JSON_TYPE, texts))
        }),
      ),
    )

  app.get(
    '/policies/:policy_id/runs',
    { schema: { ...READ, params: PolicyPath, querystring: ListQuery } },
    (request, reply) => {
      const { params, query } = request
      const span = spanOf(lastDays(query, parts.now()))
      return list(request, reply, versionsOf(parts, params.policy_id), query, span)
    },
  )
  app.get(
    '/policy-versions/:policy_version_id/runs',
    { schema: { ...READ, params: VersionPath, querystring: ListQuery } },
    (request, reply) => {
      const { params, query } = request
      return list(request, reply, TE.right([params.policy_version_id]), query, spanOf(query))
    },
  )
}

/** Once the read model holds all that the log held when the request came. */
const headReached = (parts: ServerParts): TE.TaskEither<Refusal, void> =>
  pipe(
    parts.store.headPosition(),
    TE.mapLeft(logRefusal),
    TE.flatMap((head) => reached(parts, head)),
  )

const writeRoutes = (app: App, parts: ServerParts): void => {
  const { now, lineartPolicies } = parts
  app.post(
    '/policy-versions/:policy_version_id/runs',
    { schema: { ...WRITE, params: VersionPath, headers: CreateHeaders, body: NewRunBody } },
    (request, reply) => {
      const { policy_version_id } = request.params
      const context = requestContext(request, request.headers, now())
      return respondLineart(
        reply,
        pipe(
          createRun(parts, policy_version_id, request.body, context),
          TE.map((run_id) => lineartJson(reply, { policy_version_id, run_id })),
        ),
      )
    },
  )
  app.post(
    '/policies/:policy_id/runs',
    { schema: { ...WRITE, params: PolicyPath, headers: CreateHeaders, body: NewRunBody } },
    (request, reply) => {
      const { policy_id } = request.params
      return respondLineart(
        reply,
        pipe(
          TE.fromNullable<Refusal>({ problem: NO_SUCH_POLICY })(lineartPolicies.get(policy_id)),
          TE.flatMap((policy) =>
            createRunGroup(parts, policy, request.body, requestContext(request, request.headers, now())),
          ),
          TE.map(({ run_group_id, ...runs }) => lineartJson(reply, { policy_id, run_group_id, runs })),
        ),
      )
    },
  )
  app.put(
    '/internal/runs/:run_id',
    { schema: { ...WRITE, params: RunPath, headers: CreateHeaders, body: UpdateBody } },
    (request, reply) =>
      respondLineart(
        reply,
        pipe(
          updateRun(parts, request.params.run_id, request.body, requestContext(request, request.headers, now())),
          TE.map((run) => lineartJson(reply, lineartRun(run))),
        ),
      ),
  )
  app.post(
    '/internal/runs/:run_id/metadata',
    { schema: { ...WRITE, params: RunPath, headers: CreateHeaders, body: StepBody } },
    (request, reply) =>
      respondLineart(
        reply,
        pipe(
          publishStep(parts, request.params.run_id, request.body, requestContext(request, request.headers, now())),
          TE.map(() => lineartJson(reply, { status: 'success' })),
        ),
      ),
  )
}

const NO_SUCH_POLICY = problem(
  'not-found',
  'no policy has this id: the file of --policies names those that choose versions',
)

const FiguresBody = z.object({ versions: z.array(Id).nullish() })

const FIGURES: Readonly<Record<string, (days: readonly Day[]) => unknown>> = {
  duration: durations,
  'duration/by_status': durationsByStatus,
  count: counts,
  outcomes,
}

const figureRoutes = (app: App, parts: ServerParts): void => {
  for (const [name, figuresOf] of Object.entries(FIGURES))
    app.post(
      `/policies/:policy_id/runs/${name}/query`,
      { schema: { ...READ, params: PolicyPath, querystring: z.object(DaysQuery), body: FiguresBody } },
      ({ params, query, body }, reply) =>
        respondLineart(
          reply,
          pipe(
            headReached(parts),
            TE.flatMap(() => (body.versions ? TE.right(body.versions) : versionsOf(parts, params.policy_id))),
            TE.flatMap((versions) => daysOf(parts, versions, spanOf(lastDays(query, parts.now())))),
            TE.map((days) => lineartJson(reply, figuresOf(days))),
          ),
        ),
    )
}
