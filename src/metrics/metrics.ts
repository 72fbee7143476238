/** The figures that `/metrics` exposes, in the OpenMetrics format. */
import type * as PromClient from 'prom-client'
import { Counter, collectProcessMetrics, Gauge, Histogram, Registry } from './prom-client.ts'

export type Metrics = Readonly<{
  registry: Registry
  /** Seconds from a request's headers to the end of its answer. */
  requestDuration: PromClient.Histogram<'route' | 'method' | 'status'>
  /** Seconds that the event store takes for one append, refused ones included. */
  appendDuration: PromClient.Histogram
  /** Appends that the store refused because the stream had moved on. */
  appendConflicts: PromClient.Counter
  /** Appends stored by one commit of the embedded store. */
  commitBatchSize: PromClient.Histogram
  /** Open answers of `/stream`. */
  streamClients: PromClient.Gauge
  /** Lines that the access log could not write. */
  accessLogDropped: PromClient.Counter
  projections: ProjectionGauges
}>

/** Updated before each scrape. A value that is unknown then is absent. */
export type ProjectionGauges = Readonly<{
  lagEvents: PromClient.Gauge<'projection'>
  lagSeconds: PromClient.Gauge<'projection'>
  heartbeatAge: PromClient.Gauge<'projection'>
  quarantinedRuns: PromClient.Gauge
}>

/** The media type of what `registry.metrics()` returns. */
export const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

export const createMetrics = (): Metrics => {
  const registry = new Registry(OPENMETRICS)
  const registers = [registry]
  const metrics: Metrics = {
    registry,
    requestDuration: new Histogram({
      name: 'run_ledger_http_request_duration_seconds',
      help: 'Time from the headers of a request to the end of its answer. Of /stream, how long it was open.',
      labelNames: ['route', 'method', 'status'],
      buckets: SECONDS,
      registers,
    }),
    appendDuration: new Histogram({
      name: 'run_ledger_append_duration_seconds',
      help: 'Time that the event store takes for an append, refused and failed ones included.',
      buckets: SECONDS,
      registers,
    }),
    appendConflicts: new Counter({
      name: 'run_ledger_append_conflicts_total',
      help: 'Appends that were refused because the stream was not at the expected revision.',
      registers,
    }),
    commitBatchSize: new Histogram({
      name: 'run_ledger_commit_batch_size',
      help: 'Appends that one commit of the embedded store holds. Empty on EventStoreDB, which commits by itself.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048],
      registers,
    }),
    streamClients: new Gauge({
      name: 'run_ledger_stream_clients',
      help: 'Open answers of /stream.',
      registers,
    }),
    accessLogDropped: new Counter({
      name: 'run_ledger_access_log_dropped_total',
      help: 'Lines that could not be written to the access log.',
      registers,
    }),
    projections: projectionGauges(registers),
  }
  collectProcessMetrics(registry)
  return metrics
}

const projectionGauges = (registers: Registry[]): ProjectionGauges => ({
  lagEvents: new Gauge({
    name: 'run_ledger_projection_lag_events',
    help: 'Events in the log that the projection lacks. Absent where the log or the read model cannot be read.',
    labelNames: ['projection'],
    registers,
  }),
  lagSeconds: new Gauge({
    name: 'run_ledger_projection_lag_seconds',
    help: 'Age of the oldest event that the projection lacks, 0 where it lacks none. Absent as lag_events is.',
    labelNames: ['projection'],
    registers,
  }),
  heartbeatAge: new Gauge({
    name: 'run_ledger_projection_heartbeat_age_seconds',
    help: 'Time since the projector last showed a sign of life. Absent where the read model cannot be read.',
    labelNames: ['projection'],
    registers,
  }),
  quarantinedRuns: new Gauge({
    name: 'run_ledger_quarantined_runs',
    help: 'Runs with an event that cannot be read. Absent where the read model cannot be read.',
    registers,
  }),
})

// From the fastest command to the longest that a request may take.
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
