/** The text of `/metrics`: what was counted, and how far the projections are behind the log at this moment. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type EventStore, unavailable } from '../event-store/event-store.ts'
import { projectionStatus } from '../read-model/queries/projection-status.ts'
import type { ProjectionStatus, ReadModel } from '../read-model/read-model.ts'
import type { Metrics, ProjectionGauges } from './metrics.ts'

/** Where lag is read from; a log that does not answer within `within` ms counts as one that cannot be read. */
export type ScrapeSources = Readonly<{ readModel: ReadModel; store: EventStore; within: number }>

export const scrape = async (metrics: Metrics, { readModel, store, within }: ScrapeSources): Promise<string> => {
  const statuses = await pipe(
    projectionStatus(readModel, answeringWithin(store, within)),
    TE.match(
      () => [],
      ({ projections }) => projections,
    ),
  )()
  setGauges(metrics.projections, statuses)
  return metrics.registry.metrics()
}

const answeringWithin = (store: EventStore, ms: number): EventStore => ({
  ...store,
  backlog: (after) => async () => {
    const timer = new AbortController()
    const backlog = await Promise.race([
      store.backlog(after)(),
      sleep(ms, E.left(unavailable(`no answer within ${ms} ms`)), { signal: timer.signal }),
    ])
    timer.abort()
    return backlog
  },
})

const setGauges = (gauges: ProjectionGauges, statuses: readonly ProjectionStatus[]): void => {
  const { lagEvents, lagSeconds, heartbeatAge, quarantinedRuns } = gauges
  for (const gauge of [lagEvents, lagSeconds, heartbeatAge]) gauge.reset()
  for (const { name: projection, lag_events, lag_seconds, last_heartbeat } of statuses) {
    if (lag_events !== null) lagEvents.set({ projection }, lag_events)
    if (lag_seconds !== null) lagSeconds.set({ projection }, lag_seconds)
    if (last_heartbeat !== null)
      heartbeatAge.set({ projection }, Math.max(0, (Date.now() - Date.parse(last_heartbeat)) / 1000))
  }
  // A gauge without labels goes back to zero with `reset`, and is absent with `remove`.
  if (statuses.length === 0) quarantinedRuns.remove()
  else quarantinedRuns.set(statuses.reduce((count, { quarantined }) => count + quarantined.length, 0))
}
