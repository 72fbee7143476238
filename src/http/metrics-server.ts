/** `/metrics` on a port of its own, for a network that only the monitoring can reach. */
import { fastify } from 'fastify'
import { problem } from '../api/problems.ts'
import { originCheck } from './request/origin-check.ts'
import { PROBLEM_TYPE } from './response/content-negotiation.ts'
import { NO_CACHE, SECURITY_HEADERS } from './response/response-headers.ts'
import { type MetricsParts, metricsRoute } from './routes/metrics-route.ts'
import type { App, ServerParts } from './server-parts.ts'

/** A server that does not listen yet. It asks for no credentials. */
export const metricsServer = ({ allowedHosts, ...parts }: MetricsParts & Pick<ServerParts, 'allowedHosts'>): App => {
  const app: App = fastify({ forceCloseConnections: true }).withTypeProvider()
  const originProblem = originCheck(allowedHosts)
  app.addHook('onRequest', async ({ raw }, reply) => {
    reply.headers(SECURITY_HEADERS)
    const refused = originProblem(raw)
    if (refused === null) return undefined
    return reply.code(refused.status).header('cache-control', NO_CACHE).type(PROBLEM_TYPE).send(JSON.stringify(refused))
  })
  app.setNotFoundHandler((_request, reply) =>
    reply.code(NOTHING.status).type(PROBLEM_TYPE).send(JSON.stringify(NOTHING)),
  )
  metricsRoute(app, parts)
  return app
}

const NOTHING = problem('not-found', 'this port has /metrics alone')
