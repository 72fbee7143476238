/** Traces, where OTEL_EXPORTER_OTLP_ENDPOINT says where to send them. Without it nothing of OpenTelemetry is loaded. */
import type { Tracing } from './tracing.ts'

/** Traces this thread: `decide` and `project` from here on, the rest where it is asked for. Null where tracing is off. */
export const startTracing = async (): Promise<Tracing | null> => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces } = process.env
  if (!all && !traces) return null
  const { openTelemetryTracing } = await import('./open-telemetry.ts')
  return openTelemetryTracing()
}
