/** `GET /metrics`, in the OpenMetrics format that Prometheus reads. */
import { type Metrics, OPENMETRICS } from '../../metrics/metrics.ts'
import { scrape } from '../../metrics/scrape.ts'
import { NO_CACHE } from '../response/response-headers.ts'
import type { App, ServerParts } from '../server-parts.ts'

export type MetricsParts = Pick<ServerParts, 'readModel' | 'store' | 'limits'> & Readonly<{ metrics: Metrics }>

/** It is not in the OpenAPI document: the format and its clients are those of another standard. */
export const metricsRoute = (app: Pick<App, 'get'>, { metrics, readModel, store, limits }: MetricsParts): void => {
  app.get('/metrics', { schema: { hide: true, 'x-permission': 'operator' } }, (_request, reply) => {
    reply.header('content-type', OPENMETRICS).header('cache-control', NO_CACHE)
    return scrape(metrics, { readModel, store, within: limits.readyWithin })
  })
}
