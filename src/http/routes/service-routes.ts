/** Health, readiness and the state of the projections. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { ProjectionsAnswer, StatusAnswer } from '../../api/answers.ts'
import { problem } from '../../api/problems.ts'
import type { EventStore } from '../../event-store/event-store.ts'
import { projectionStatus } from '../../read-model/queries/projection-status.ts'
import { documented } from '../open-api/documented.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { type Refusal, respond } from '../response/problem-response.ts'
import { readRefusal } from '../response/read-problems.ts'
import { NO_CACHE, POSITION } from '../response/response-headers.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const serviceRoutes = (app: App, parts: ServerParts): void => {
  const { store, readModel } = parts

  app.get('/healthz', { schema: HEALTH, onRequest: produces(JSON_TYPE) }, (_request, reply) => {
    typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
    return '{"status":"up"}'
  })

  app.get('/readyz', { schema: READY, onRequest: produces(JSON_TYPE) }, (_request, reply) =>
    respond(
      reply,
      pipe(
        readiness(parts),
        TE.map(() => {
          typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
          return JSON.stringify({ status: 'ready', ...trustOf(parts) })
        }),
      ),
    ),
  )

  app.get('/projections', { schema: PROJECTIONS, onRequest: produces(JSON_TYPE) }, (_request, reply) =>
    respond(
      reply,
      pipe(
        projectionStatus(readModel, store),
        TE.bimap(readRefusal, ({ position, projections: data }) => {
          typed(reply, JSON_TYPE).header('cache-control', NO_CACHE).header(POSITION, position)
          return JSON.stringify({ data })
        }),
      ),
    ),
  )
}

/** Commands and reads go on where nothing can be signed, so that the server stays ready. */
const trustOf = ({ trust }: ServerParts): { trust?: 'signing' | 'refused' } => {
  if (trust === null) return {}
  if (trust.builder.state().refused !== null) return { trust: 'refused' }
  return trust.builder.signs ? { trust: 'signing' } : {}
}

/** Succeeds where the log can be read and written, the projector runs and the read model can be read. */
const readiness = ({ store, readModel, projector, limits }: ServerParts): TE.TaskEither<Refusal, unknown> =>
  pipe(
    headWithin(store, limits.readyWithin),
    TE.flatMap(() =>
      pipe(store.canStore?.() ?? TE.right(undefined), TE.mapLeft(notReady('the log cannot store anything'))),
    ),
    TE.filterOrElse(projector.alive, () => notReady('the projector does not run')({ detail: 'no sign of life' })),
    TE.flatMap(() => pipe(readModel.position(), TE.mapLeft(notReady('the read model does not answer')))),
  )

/** Succeeds where the log returns its head within `ms`. */
const headWithin =
  (store: EventStore, ms: number): TE.TaskEither<Refusal, unknown> =>
  async () => {
    const silent = notReady('the log does not answer')
    const timer = new AbortController()
    const head = await Promise.race([
      pipe(store.headPosition(), TE.mapLeft(silent))(),
      sleep(ms, E.left(silent({ detail: `not within ${ms} ms` })), { signal: timer.signal }),
    ])
    timer.abort()
    return head
  }

/** `detail` of the problem is for callers; that of the failure is for the log only. */
const notReady =
  (detail: string) =>
  ({ detail: cause }: Readonly<{ detail: string }>): Refusal => ({
    problem: problem('store-unavailable', detail),
    cause,
  })

const HEALTH = documented({
  operationId: 'getHealth',
  permission: 'open',
  summary: 'Whether the process is up',
  tag: 'service',
  answers: { 200: { description: 'The process is up', schema: StatusAnswer } },
  problems: [],
})

const READY = documented({
  operationId: 'getReadiness',
  permission: 'open',
  summary: 'Whether the log and the read model respond and the projector runs',
  tag: 'service',
  answers: { 200: { description: 'They do', schema: StatusAnswer } },
  problems: [],
})

const PROJECTIONS = documented({
  operationId: 'listProjections',
  permission: ['reader', 'operator'],
  summary: 'How far the projections lag behind the log, and which runs they could not read',
  tag: 'service',
  answers: { 200: { description: 'All projections', schema: ProjectionsAnswer } },
  problems: [],
})
