/** What happens to every request before its route sees it, and once it is over. */
import type { FastifyRequest } from 'fastify'
import { type Problem, problem, problemOf } from '../api/problems.ts'
import { CorrelationId } from '../run/texts.ts'
import { problemError } from './problem-error.ts'
import { logRequest, note } from './request-log.ts'
import type { App, ServerParts } from './server-parts.ts'

/** How many requests are under way. */
export type UnderWay = Readonly<{ requests: () => number }>

/** `onOver` is called after each request. */
export const requestHooks = (app: App, { logger, limits }: ServerParts, onOver: () => void): UnderWay => {
  let underWay = 0
  const methodsAt = routesOf(app)

  app.addHook('onRequest', (request, reply, done) => {
    const began = performance.now()
    underWay += 1
    // Closed comes after finished, and also where the client left before.
    reply.raw.once('close', () => {
      underWay -= 1
      logRequest(logger, request, reply, performance.now() - began)
      onOver()
    })
    const { headers } = request.raw
    const correlation_id = headers['x-correlation-id']
    if (typeof correlation_id === 'string') {
      if (!CorrelationId.safeParse(correlation_id).success) return done(problemError(BAD_CORRELATION_ID))
      note(request, { correlation_id })
      reply.header('x-correlation-id', correlation_id)
    }
    if (headers.host === undefined && request.raw.httpVersion === '1.1') return done(problemError(NO_HOST))
    if (request.is404) {
      const { refused, allow } = noSuchRoute(request, methodsAt)
      if (allow !== null) reply.header('allow', allow)
      return done(problemError(refused))
    }
    if (underWay > limits.requestsUnderWay && request.raw.url !== '/healthz') return done(problemError(OVERLOADED))
    done()
  })

  return { requests: () => underWay }
}

/** Which methods the routes take that match a path. */
type MethodsAt = (path: string) => readonly string[]

const routesOf = (app: App): MethodsAt => {
  const routes: { pattern: RegExp; methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+').replace('*', '.*')}$`)
    routes.push({ pattern, methods: [method].flat() })
  })
  return (path) => routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)
}

const noSuchRoute = (
  { url, method }: FastifyRequest,
  methodsAt: MethodsAt,
): Readonly<{ refused: Problem; allow: string | null }> => {
  const [path = ''] = url.split('?', 1)
  const methods = [...new Set(methodsAt(path))].sort()
  if (methods.length === 0) return { refused: problem('not-found', 'no route has this address'), allow: null }
  return { refused: problem('method-not-allowed', `this route does not take ${method}`), allow: methods.join(', ') }
}

const BAD_CORRELATION_ID = problemOf({
  _tag: 'MalformedRequest',
  errors: [{ header: 'X-Correlation-Id', detail: 'must be 1 to 128 characters of printable ASCII' }],
})
const NO_HOST = problemOf({ _tag: 'MalformedRequest', errors: [{ header: 'Host', detail: 'must be sent' }] })
const OVERLOADED = problem('overloaded', 'as many requests are under way as may be')
