/** The server about itself: whether it is up and ready, and how far its projections are. */
import { setTimeout as sleep } from 'node:timers/promises'
import { right } from 'fp-ts/lib/Either.js'
import { ProjectionsAnswer, StatusAnswer } from '../../api/answers.ts'
import { problem } from '../../api/problems.ts'
import { projectionStatus } from '../../read-model/queries/projection-status.ts'
import { documented } from '../open-api/documented.ts'
import { note } from '../request/request-log.ts'
import { refuseRead } from '../response/reads.ts'
import { JSON_TYPE, NO_CACHE, POSITION, produces, refuse, typed } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const serviceRoutes = (app: App, parts: ServerParts): void => {
  const { store, readModel } = parts

  app.get('/healthz', { schema: HEALTH, onRequest: produces(JSON_TYPE) }, (_request, reply) => {
    typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
    return '{"status":"up"}'
  })

  app.get('/readyz', { schema: READY, onRequest: produces(JSON_TYPE) }, async (request, reply) => {
    const trouble = await troubleIn(parts)
    if (trouble !== null) {
      note(request, { cause: trouble.cause })
      return refuse(reply, problem('store-unavailable', trouble.detail))
    }
    typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
    return '{"status":"ready"}'
  })

  app.get('/projections', { schema: PROJECTIONS, onRequest: produces(JSON_TYPE) }, async (request, reply) => {
    const status = await projectionStatus(readModel, store)()
    if (status._tag === 'Left') return refuseRead(request, reply, status.left)
    const { position, projections: data } = status.right
    typed(reply, JSON_TYPE).header('cache-control', NO_CACHE).header(POSITION, position)
    return JSON.stringify({ data })
  })
}

/** `cause` is for the log alone. */
type Trouble = Readonly<{ detail: string; cause: string }>

const troubleIn = async ({ store, readModel, projector, limits }: ServerParts): Promise<Trouble | null> => {
  const silent = new AbortController()
  const head = await Promise.race([store.headPosition()(), sleep(limits.readyWithin, null, { signal: silent.signal })])
  silent.abort()
  if (head === null) return { detail: 'the log does not answer', cause: `not within ${limits.readyWithin} ms` }
  if (head._tag === 'Left') return { detail: 'the log does not answer', cause: head.left.detail }
  const storing = (await store.canStore?.()()) ?? right(undefined)
  if (storing._tag === 'Left') return { detail: 'the log cannot store anything', cause: storing.left.detail }
  if (!projector.alive()) return { detail: 'the projector does not run', cause: 'no sign of life' }
  const at = await readModel.position()()
  return at._tag === 'Left' ? { detail: 'the read model does not answer', cause: at.left.detail } : null
}

const HEALTH = documented({
  operationId: 'getHealth',
  summary: 'Whether the process is up',
  tag: 'service',
  answers: { 200: { description: 'It is', schema: StatusAnswer } },
  problems: [],
})

const READY = documented({
  operationId: 'getReadiness',
  summary: 'Whether the log and the read model answer and the projector runs',
  tag: 'service',
  answers: { 200: { description: 'All do', schema: StatusAnswer } },
  problems: [],
})

const PROJECTIONS = documented({
  operationId: 'listProjections',
  summary: 'How far the projections are behind the log, and which runs they could not read',
  tag: 'service',
  answers: { 200: { description: 'All of them', schema: ProjectionsAnswer } },
  problems: [],
})
