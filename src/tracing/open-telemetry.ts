/** Tracing with OpenTelemetry. Only `startTracing` loads this file. */
import { context, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { isLeft } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { EventStore } from '../event-store/event-store.ts'
import type { Answer, ReadModel } from '../read-model/read-model.ts'
import { traceChannels } from './trace-channels.ts'
import { requestTracer } from './trace-requests.ts'
import type { Tracing } from './tracing.ts'

export const openTelemetryTracing = (): Tracing => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': process.env['OTEL_SERVICE_NAME'] || 'run-ledger' }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  })
  const tracer = provider.getTracer('run-ledger')
  const stop = traceChannels(tracer)
  return {
    traceRequests: requestTracer(tracer),
    tracedStore: tracedStore(tracer),
    tracedReadModel: tracedReadModel(tracer),
    close: async () => {
      stop()
      await provider.shutdown().catch(() => undefined)
    },
  }
}

type Attributes = Readonly<Record<string, string | number>>

/** `work` in a span below that of the request under way; without one it is not traced. */
const spanned =
  (tracer: Tracer, name: string, attributes: Attributes) =>
  <Failure extends Readonly<{ _tag: string }>, Value>(work: TaskEither<Failure, Value>): TaskEither<Failure, Value> =>
  () => {
    if (trace.getActiveSpan() === undefined) return work()
    return tracer.startActiveSpan(name, { attributes }, async (span) => {
      const outcome = await work()
      if (isLeft(outcome)) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.left._tag })
      span.end()
      return outcome
    })
  }

const tracedStore =
  (tracer: Tracer) =>
  (store: EventStore): EventStore => ({
    ...store,
    append: (stream, expected, events) =>
      spanned(tracer, 'append', { 'run_ledger.run_id': stream, 'run_ledger.events': events.length })(
        store.append(stream, expected, events),
      ),
    readStream: (stream, options) =>
      spanned(tracer, 'load', { 'run_ledger.run_id': stream })(store.readStream(stream, options)),
  })

const tracedReadModel =
  (tracer: Tracer) =>
  (readModel: ReadModel): ReadModel => {
    const questions = Object.entries(readModel).map(([name, ask]) =>
      NO_QUESTIONS.has(name)
        ? [name, ask]
        : [
            name,
            (...given: readonly unknown[]) =>
              spanned(tracer, 'query', { 'run_ledger.question': name })((ask as Ask)(...given)),
          ],
    )
    return Object.fromEntries(questions) as ReadModel
  }

const NO_QUESTIONS: ReadonlySet<string> = new Set(['waitFor', 'close'])

type Ask = (...given: readonly unknown[]) => Answer<unknown>
