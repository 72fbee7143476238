/** What happens to every request before its route sees it, and once it is over. */
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Problem, problem, problemOf } from '../../api/problems.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { CorrelationId } from '../../run/texts.ts'
import type { RecordAccess } from '../door/record-access.ts'
import { problemError } from '../response/problem-error.ts'
import { refuse } from '../response/problem-response.ts'
import { HSTS, POSITION, SECURITY_HEADERS } from '../response/response-headers.ts'
import type { App, ServerBasis } from '../server-parts.ts'
import type { BodyReading } from './body-bytes.ts'
import type { ByteBudget } from './byte-budget.ts'
import { TOO_MUCH_UNDER_WAY } from './json-body.ts'
import { originCheck } from './origin-check.ts'
import { repeatedHeader } from './repeated-headers.ts'
import { logRequest, note } from './request-log.ts'

/** Takes note of a request that begins; returns why it is turned away, if it is. */
export type Begin = (request: FastifyRequest, reply: FastifyReply) => Problem | null

/** `onOver` is called after each request. */
export const requestWatch = (
  { logger, limits, bodies, allowedHosts, metrics, door }: ServerBasis,
  record: RecordAccess | null,
  onOver: (reply: FastifyReply) => void,
): Begin => {
  const originProblem = originCheck(allowedHosts, new Set(door.corsOrigins))
  const mayBeSecure = door.tls !== null || door.trustedProxies.length > 0
  let underWay = 0
  return (request, reply) => {
    const began = performance.now()
    underWay += 1
    let forget = (): boolean => false
    const over = once(() => {
      forget()
      underWay -= 1
      bodies.budget.over(request)
      const ms = performance.now() - began
      logRequest(logger, request, reply, ms)
      if (metrics !== null) measureRequest(metrics, request, reply, ms)
      record?.over(request, reply)
      onOver(reply)
    })
    // Closed comes after finished, and also where the client left before.
    reply.raw.on('close', over)
    // Node does not close an answer that still waits behind another one when their connection ends.
    if (reply.raw.socket === null) forget = whenClosed(request.raw.socket, over)
    reply.headers(SECURITY_HEADERS)
    if (mayBeSecure && request.protocol === 'https') reply.header(...HSTS)
    const { headers, url } = request.raw
    const correlation_id = headers['x-correlation-id']
    if (typeof correlation_id === 'string') {
      if (!CorrelationId.safeParse(correlation_id).success) return BAD_CORRELATION_ID
      note(request, { correlation_id })
      reply.header('x-correlation-id', correlation_id)
    }
    const refused = originProblem(request.raw) ?? repeatedHeader(request.raw)
    if (refused !== null) return refused
    if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') return UNEXPECTED
    if (underWay > limits.requestsUnderWay && url !== '/healthz') return OVERLOADED
    return record?.refusalOf(request) ?? null
  }
}

const measureRequest = (
  { requestDuration }: Metrics,
  request: FastifyRequest,
  { raw }: FastifyReply,
  ms: number,
): void => {
  // The route's pattern, never the address: that holds ids.
  const labels = { route: request.routeOptions.url ?? 'none', method: request.method, status: raw.statusCode }
  requestDuration.observe(labels, ms / 1000)
}

const once = (effect: () => void): (() => void) => {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    effect()
  }
}

/** Calls `over` when `socket` is closed. One listener a socket will do, however many requests wait on it. */
const whenClosed = (socket: Socket, over: () => void): (() => boolean) => {
  const waiting = waitingOn.get(socket) ?? new Set()
  if (!waitingOn.has(socket)) {
    waitingOn.set(socket, waiting)
    socket.once('close', () => {
      for (const each of waiting) each()
    })
  }
  waiting.add(over)
  return () => waiting.delete(over)
}

const waitingOn = new WeakMap<Socket, Set<() => void>>()

/** To be called before any route is added: it observes their registration. */
export const requestHooks = (app: App, { budget }: BodyReading, begin: Begin): void => {
  const methodsAt = routesOf(app)
  // A route that finds nothing where it looks: the reference page's files.
  app.setNotFoundHandler((_request, reply) => reply.send(refuse(reply, NO_SUCH_ROUTE)))
  app.addHook('onRequest', (request, reply, done) => {
    const refused = begin(request, reply) ?? (request.is404 ? noSuchRoute(request, reply, methodsAt) : null)
    if (refused === null) done()
    else done(problemError(refused))
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    if (typeof payload !== 'string' || payload.length < LARGE_ANSWER) done(null, payload)
    // The answer to a stored command is sent in any case.
    else if (request.method !== 'GET') done(null, held(budget, request, payload))
    else if (budget.take(request, payload.length)) done(null, payload)
    else done(null, refuse(withoutHeaders(reply), TOO_MUCH_UNDER_WAY))
  })
}

/** Answers of fewer characters are not counted: as many as there may be requests of them are still few bytes. */
const LARGE_ANSWER = 16 * 1024

const held = (budget: ByteBudget, request: FastifyRequest, payload: string): string => {
  budget.add(request, payload.length)
  return payload
}

/** Without the headers of the answer that is replaced. */
const withoutHeaders = (reply: FastifyReply): FastifyReply => {
  for (const name of ['etag', 'content-length', POSITION]) reply.removeHeader(name)
  return reply
}

/** The methods of the routes that match a path. */
type MethodsAt = (path: string) => readonly string[]

const routesOf = (app: App): MethodsAt => {
  const routes: { pattern: RegExp; methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    // Of CORS, at every address.
    if (method === 'OPTIONS') return
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+').replace('*', '.*')}$`)
    routes.push({ pattern, methods: [method].flat() })
  })
  return (path) => routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)
}

const noSuchRoute = ({ url, method }: FastifyRequest, reply: FastifyReply, methodsAt: MethodsAt): Problem => {
  const [path = ''] = url.split('?', 1)
  const methods = [...new Set(methodsAt(path))].sort()
  if (methods.length === 0) return NO_SUCH_ROUTE
  reply.header('allow', methods.join(', '))
  return problem('method-not-allowed', `this route does not accept ${method}`)
}

const NO_SUCH_ROUTE = problem('not-found', 'no route has this address: /docs shows them all')
const BAD_CORRELATION_ID = problemOf({
  _tag: 'MalformedRequest',
  errors: [{ header: 'X-Correlation-Id', detail: 'must be 1 to 128 characters of printable ASCII' }],
})
const UNEXPECTED = problem('expectation-failed', 'only 100-continue is supported')
const OVERLOADED = problem('store-unavailable', 'the most requests that may be under way at once are; nothing was done')
