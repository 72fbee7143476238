/** The options of the server that come with every connection: limits, TLS, trusted proxies. */
import type { FastifyHttpOptions, FastifyServerOptions, RawServerDefault } from 'fastify'
import { answerClientError } from '../request/client-errors.ts'
import type { HttpLimits } from '../request/limits.ts'
import { parseQueryString } from '../request/query-string.ts'
import type { Begin } from '../request/request-hooks.ts'
import type { handleError } from '../response/error-handler.ts'
import type { Door } from './door.ts'

type FrameworkErrors = NonNullable<FastifyServerOptions['frameworkErrors']>
type HandleError = ReturnType<typeof handleError>

/** How Node's server and fastify are set up. */
export const fastifyOptions = (
  limits: HttpLimits,
  { tls, trustedProxies }: Pick<Door, 'tls' | 'trustedProxies'>,
  begin: Begin,
  onError: HandleError,
): FastifyHttpOptions<RawServerDefault> => {
  const node = {
    maxHeaderSize: limits.headerBytes,
    connectionsCheckingInterval: Math.min(1_000, limits.requestTimeout),
    // Node would answer without a body; the hooks ask for the header instead.
    requireHostHeader: false,
    // Node would drop the second of two `Host` headers; joined, they are no valid one.
    joinDuplicateHeaders: true,
  }
  return {
    ...(tls === null ? { http: node } : { https: { ...node, ...tls } }),
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionTimeout: limits.idleTimeout,
    forceCloseConnections: 'idle',
    // What still comes over an open connection while the server stops is served, and the connection closed.
    return503OnClosing: false,
    routerOptions: { maxParamLength: limits.headerBytes, querystringParser: parseQueryString },
    genReqId: requestIds(),
    clientErrorHandler: answerClientError,
    // A path that cannot be decoded: no hook sees its request.
    frameworkErrors: ((error, request, reply) => {
      begin(request, reply)
      onError(error, request, reply)
    }) as FrameworkErrors,
    // The types of fastify know one kind of server at a time; what is used of both is the same.
  } as FastifyHttpOptions<RawServerDefault>
}

/** Ids that tell the requests of this process from each other and from those of the one before. */
const requestIds = (): (() => string) => {
  const start = Date.now().toString(36)
  let count = 0
  return () => {
    count += 1
    return `${start}-${count.toString(36)}`
  }
}
