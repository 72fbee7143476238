/**
 * The parts of prom-client that the ledger uses. The package's main module also loads @opentelemetry/api, for a feature that
 * is not used here, so its modules are loaded one by one.
 */
import { createRequire } from 'node:module'
import type * as PromClient from 'prom-client'

const load = createRequire(import.meta.url)

export type Registry = PromClient.Registry<PromClient.OpenMetricsContentType>

// The package's types do not know the argument of the constructor.
export const Registry: new (contentType: PromClient.OpenMetricsContentType) => Registry =
  load('prom-client/lib/registry.js')
export const Counter: typeof PromClient.Counter = load('prom-client/lib/counter.js')
export const Gauge: typeof PromClient.Gauge = load('prom-client/lib/gauge.js')
export const Histogram: typeof PromClient.Histogram = load('prom-client/lib/histogram.js')

/** Adds the figures of the process, its memory and its event loop. */
export const collectProcessMetrics = (registry: Registry): void => {
  for (const name of PROCESS_METRICS) {
    const collect: (registry: Registry, config: object) => void = load(`prom-client/lib/metrics/${name}.js`)
    collect(registry, { eventLoopMonitoringPrecision: 10 })
  }
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
}

// All but `processCpuTotal`, the module that loads @opentelemetry/api.
const PROCESS_METRICS = [
  'processStartTime',
  'osMemoryHeap',
  'processOpenFileDescriptors',
  'processMaxFileDescriptors',
  'eventLoopLag',
  'processResources',
  'heapSizeAndUsed',
  'heapSpacesSizeAndUsed',
  'version',
  'gc',
]
