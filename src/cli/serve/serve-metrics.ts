/** `/metrics` on a port of its own, beside a ledger that is served. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import type { EventStore } from '../../event-store/event-store.ts'
import { metricsServer } from '../../http/metrics-server.ts'
import { HTTP_LIMITS } from '../../http/request/limits.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Serving } from '../ledger/serving.ts'
import type { CliFailure } from '../outcome.ts'
import { listenOn } from './listen-on.ts'
import type { MetricsListen } from './metrics-options.ts'

type Options = Readonly<{
  metrics: Metrics
  logger: Logger
  listen: MetricsListen
  /** In any case, without a port. */
  allowedHosts: readonly string[]
}>

/** Closes `serving` where the port cannot be listened on. */
export const serveMetrics = (
  serving: Serving,
  store: EventStore,
  { metrics, logger, listen, allowedHosts }: Options,
): TE.TaskEither<CliFailure, Serving> => {
  if (listen === null) return TE.right(serving)
  const names = [listen.host, ...allowedHosts].map((name) => name.toLowerCase())
  const app = metricsServer({
    metrics,
    store,
    readModel: serving.readModel,
    limits: HTTP_LIMITS,
    allowedHosts: new Set(names),
  })
  const close = async (): Promise<void> => {
    await app.close()
    await serving.close()
  }
  return pipe(
    listenOn(app, listen.host, [listen.port]),
    TE.tapError(() => TE.fromTask(close)),
    TE.tapIO((url) => () => logger.info({ url: `${url}/metrics` }, 'serving metrics')),
    TE.map(() => ({ ...serving, close })),
  )
}
