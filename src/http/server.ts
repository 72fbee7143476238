/** The HTTP server: every route over one ledger, its read model and its projector. */
import { fastify } from 'fastify'
import type { Access } from '../access/access.ts'
import type { AccessLog } from '../access-log/access-log.ts'
import { CLOUD_EVENTS_SOURCE } from '../api/entry-formats/entry-cloud-event.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { timeOf } from '../run/time.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { ROWS } from './door/access-notes.ts'
import { allowOrigins } from './door/cors.ts'
import { type Door, PLAIN_DOOR } from './door/door.ts'
import { fastifyOptions } from './door/fastify-options.ts'
import { gentleStop } from './door/gentle-stop.ts'
import { limitRates } from './door/rate-limits.ts'
import { recordAccess } from './door/record-access.ts'
import { lineartRoutes } from './lineart/lineart-routes.ts'
import { type LineartPolicies, NO_POLICIES } from './lineart/policies.ts'
import { openApi } from './open-api/open-api.ts'
import { PRINCIPAL_OF } from './request/authorization.ts'
import { bodyReadScheduler } from './request/body-read-scheduler.ts'
import { byteBudget, HELD } from './request/byte-budget.ts'
import { refuseTunnel } from './request/client-errors.ts'
import { jsonBody, noBody } from './request/json-body.ts'
import { HTTP_LIMITS, type HttpLimits } from './request/limits.ts'
import { requestHooks, requestWatch } from './request/request-hooks.ts'
import { NOTES } from './request/request-log.ts'
import { requirePermissions } from './request/route-permissions.ts'
import { sessionCookieAt } from './request/session-cookie.ts'
import { serializerCompiler, validatorCompiler } from './request/validation.ts'
import { JSON_TYPE } from './response/content-negotiation.ts'
import { handleError } from './response/error-handler.ts'
import { setPublicPath } from './response/public-path.ts'
import { workScheduler } from './response/work-scheduler.ts'
import { authRoutes } from './routes/access/auth-routes.ts'
import { keyRoutes } from './routes/access/key-routes.ts'
import { agreementRoute } from './routes/agreement-route.ts'
import { auditRoute } from './routes/audit-route.ts'
import { batchRoute } from './routes/batch-route.ts'
import { commandRoutes } from './routes/command-routes.ts'
import { compareRoute } from './routes/compare-route.ts'
import { entryRoutes } from './routes/entry-routes.ts'
import { groupRoute } from './routes/group-route.ts'
import { metricsRoute } from './routes/metrics-route.ts'
import { pageRoutes } from './routes/page-routes.ts'
import { policyStatsRoute } from './routes/policy-stats-route.ts'
import { problemRoutes } from './routes/problem-routes.ts'
import { provenanceRoute } from './routes/provenance-route.ts'
import { runListRoute } from './routes/run-list-route.ts'
import { runRoutes } from './routes/run-routes.ts'
import { serviceRoutes } from './routes/service-routes.ts'
import { streamRoute } from './routes/stream-route.ts'
import { summaryRoutes } from './routes/summary-routes.ts'
import { evidenceRoute } from './routes/trust/evidence-route.ts'
import { logRoutes } from './routes/trust/log-routes.ts'
import { proofRoute } from './routes/trust/proof-route.ts'
import type { App, ServerBasis, ServerParts } from './server-parts.ts'

export type ServerOptions = Omit<
  ServerParts,
  | 'limits'
  | 'bodies'
  | 'catchUpTurn'
  | 'batchTurn'
  | 'trust'
  | 'now'
  | 'access'
  | 'sessionCookie'
  | 'cloudEventsSource'
  | 'allowedHosts'
  | 'publicUrl'
  | 'metrics'
  | 'lineartPolicies'
  | 'door'
  | 'rateLimits'
> &
  Readonly<{
    limits?: Partial<HttpLimits>
    trust?: ServerParts['trust']
    now?: ServerParts['now']
    cloudEventsSource?: string
    allowedHosts?: readonly string[]
    publicUrl?: URL | null
    door?: Partial<Door>
    /** Every request leaves a line there; with `accessLogRequired` nothing is served without. */
    accessLog?: AccessLog
    accessLogRequired?: boolean
    /** Traced where given. */
    tracing?: Pick<Tracing, 'traceRequests'>
    /** Measured where given. */
    metrics?: Metrics
    /** Nobody needs credentials where it is not given. */
    access?: Access | null
    /** `/metrics` is one of the routes; else it is served elsewhere, or not at all. */
    exposesMetrics?: boolean
    lineartPolicies?: LineartPolicies
  }>

/**
 * A server that does not listen yet. Its `close` takes no more connections, finishes what is under way within
 * `limits.stopWithin`, then cuts what is left; it closes nothing that it was given.
 */
export const buildServer = async (options: ServerOptions): Promise<App> => {
  const limits = { ...HTTP_LIMITS, ...options.limits }
  const budget = byteBudget(limits.bytesUnderWay)
  const parts: ServerBasis = {
    ...options,
    limits,
    bodies: { budget, reads: bodyReadScheduler() },
    catchUpTurn: workScheduler(budget.isHalfFull),
    batchTurn: workScheduler(),
    allowedHosts: hostsOf(options),
    trust: options.trust ?? null,
    now: options.now ?? (() => timeOf(Date.now())),
    cloudEventsSource: options.cloudEventsSource ?? CLOUD_EVENTS_SOURCE,
    publicUrl: options.publicUrl ?? null,
    metrics: options.metrics ?? null,
    lineartPolicies: options.lineartPolicies ?? NO_POLICIES,
    door: { ...PLAIN_DOOR, ...options.door },
    access: options.access ?? null,
    sessionCookie: sessionCookieAt(isOverTls(options), options.publicUrl?.pathname ?? '/'),
  }
  const stop = gentleStop(limits)
  const record = options.accessLog ? recordAccess(options.accessLog, options.accessLogRequired === true) : null
  const begin = requestWatch(parts, record, stop.onOver)
  const onError = handleError(parts.logger)
  const app: App = fastify(fastifyOptions(limits, parts.door, begin, onError)).withTypeProvider()
  app.server.maxConnections = limits.connections
  app.server.headersTimeout = limits.headersTimeout
  stop.watch(app.server)
  app.server.on('connect', refuseTunnel)
  // Node would answer without a body; the hooks refuse it.
  app.server.on('checkExpectation', (request, response) => app.routing(request, response))

  app.decorateRequest(NOTES, null)
  app.decorateRequest(HELD, 0)
  app.decorateRequest(ROWS, null)
  app.decorateRequest(PRINCIPAL_OF, null)
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPE, jsonBody(parts.bodies, limits.bodyBytes))
  app.addContentTypeParser('*', noBody(parts.bodies))
  app.setErrorHandler(onError)
  app.addHook('preClose', stop.begin)
  options.tracing?.traceRequests(app)
  requestHooks(app, parts.bodies, begin)
  if (record !== null) app.addHook('preHandler', record.beforeAnswer)

  const checkPermissions = requirePermissions(app, () => ({ ...parts, rateLimits }))
  await allowOrigins(app, parts.door.corsOrigins)
  const rateLimits = await limitRates(app, parts.door.requestsPerSecond)
  setPublicPath(app, parts.publicUrl)
  await addRoutes(app, { ...parts, rateLimits }, options.exposesMetrics === true)
  await app.ready()
  checkPermissions()
  return app
}

const addRoutes = async (app: App, parts: ServerParts, exposesMetrics: boolean): Promise<void> => {
  await openApi(app, parts.publicUrl)
  commandRoutes(app, parts)
  await app.register(async (scope) => batchRoute(scope as App, parts))
  runRoutes(app, parts)
  runListRoute(app, parts)
  entryRoutes(app, parts)
  provenanceRoute(app, parts)
  auditRoute(app, parts)
  streamRoute(app, parts)
  groupRoute(app, parts)
  compareRoute(app, parts)
  summaryRoutes(app, parts)
  policyStatsRoute(app, parts)
  agreementRoute(app, parts)
  logRoutes(app, parts)
  proofRoute(app, parts)
  evidenceRoute(app, parts)
  serviceRoutes(app, parts)
  problemRoutes(app)
  keyRoutes(app, parts)
  authRoutes(app, parts)
  if (parts.metrics !== null && exposesMetrics) metricsRoute(app, { ...parts, metrics: parts.metrics })
  await app.register(async (scope) => lineartRoutes(scope as App, parts), { prefix: '/compat/lineart' })
  await pageRoutes(app)
}

/** Whether callers reach it over HTTPS. */
const isOverTls = ({ publicUrl, door }: ServerOptions): boolean =>
  publicUrl?.protocol === 'https:' || (door?.tls ?? null) !== null

/** In lower case, as `Host` is compared; the public address is one of them. */
const hostsOf = ({ allowedHosts = [], publicUrl }: ServerOptions): ReadonlySet<string> =>
  new Set([...allowedHosts, ...(publicUrl ? [publicUrl.hostname] : [])].map((name) => name.toLowerCase()))
