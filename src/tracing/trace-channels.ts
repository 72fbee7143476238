/** Spans of what the ledger and the projector publish: decisions, and projected events. */
import { type Span, type Tracer, trace } from '@opentelemetry/api'
import { type Decision, decisions } from '../ledger/decisions.ts'
import { type Projected, projected } from '../read-model/projector/projected.ts'
import { contextOf } from './trace-requests.ts'

/** Until the function that is returned is called. */
export const traceChannels = (tracer: Tracer): (() => void) => {
  const spans = new WeakMap<Decision, Span>()
  const decided = {
    start: (decision: Decision) => {
      if (trace.getActiveSpan() === undefined) return
      spans.set(decision, tracer.startSpan('decide', { attributes: { 'run_ledger.run_id': decision.run_id } }))
    },
    end: (decision: Decision) => spans.get(decision)?.end(),
    asyncStart: () => undefined,
    asyncEnd: () => undefined,
    error: () => undefined,
  }
  const onProjected = (message: unknown): void => traceProjected(tracer, message as Projected)
  decisions.subscribe(decided)
  projected.subscribe(onProjected)
  return () => {
    decisions.unsubscribe(decided)
    projected.unsubscribe(onProjected)
  }
}

/** A span for each event that came with a `traceparent`: the command's trace ends in the read model. */
const traceProjected = (tracer: Tracer, { events, began }: Projected): void => {
  const now = Date.now()
  for (const { metadata, stream, position, type } of events) {
    const traceparent = metadata.includes('"traceparent"') ? traceparentIn(metadata) : undefined
    if (traceparent === undefined) continue
    const attributes = { 'run_ledger.run_id': stream, 'run_ledger.position': position, 'run_ledger.event_type': type }
    tracer.startSpan('project', { startTime: began, attributes }, contextOf(traceparent)).end(now)
  }
}

const traceparentIn = (metadata: string): unknown => {
  try {
    return (JSON.parse(metadata) as Readonly<{ traceparent?: unknown }> | null)?.traceparent
  } catch {
    return undefined
  }
}
