/** A span for each HTTP request. */
import {
  type Context,
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TRACEPARENT } from '../run/texts.ts'

export const requestTracer =
  (tracer: Tracer) =>
  (app: FastifyInstance): void => {
    const contexts = new WeakMap<FastifyRequest, Context>()
    app.addHook('onRequest', (request, reply, done) => {
      const { method, headers } = request
      const route = request.routeOptions.url ?? 'none'
      const attributes = { 'http.request.method': method, 'http.route': route }
      const kind = SpanKind.SERVER
      const span = tracer.startSpan(
        `request ${method} ${route}`,
        { kind, attributes },
        contextOf(headers['traceparent']),
      )
      reply.raw.once('close', () => {
        span.setAttribute('http.response.status_code', reply.raw.statusCode)
        if (reply.raw.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      })
      const inside = trace.setSpan(ROOT_CONTEXT, span)
      contexts.set(request, inside)
      context.with(inside, done)
    })
    // A body comes with the events of its connection, which know no context.
    app.addHook('preHandler', (request, _reply, done) => {
      context.with(contexts.get(request) ?? ROOT_CONTEXT, done)
    })
  }

/** The context that a `traceparent` stands for (W3C Trace Context, section 3.2); the root where there is none, or a broken one. */
export const contextOf = (traceparent: unknown): Context => {
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return ROOT_CONTEXT
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-')
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}
