/** A collector of traces, as OpenTelemetry's exporters send them: OTLP over HTTP, as JSON. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

export type CollectedSpan = Readonly<{ traceId: string; spanId: string; parentSpanId?: string; name: string }>

type Sent = Readonly<{
  resourceSpans: readonly Readonly<{ scopeSpans: readonly Readonly<{ spans: CollectedSpan[] }>[] }>[]
}>

export type Collector = Readonly<{ url: string; spans: readonly CollectedSpan[] }>

/** It listens until the test ends. */
export const startCollector = async (): Promise<Collector> => {
  const spans: CollectedSpan[] = []
  const server = createServer(async (request, response) => {
    const sent = (await json(request)) as Sent
    if (request.url === '/v1/traces')
      for (const { scopeSpans } of sent.resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans }
}
