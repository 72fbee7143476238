import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startCollector } from '../support/network/trace-collector.ts'
import { startProgramWith } from '../support/processes/program.ts'
import { eventsOf, openStore, testDirectory } from '../support/stores.ts'

const serve = (data: string, env: Readonly<Record<string, string>> = {}) =>
  startProgramWith({ args: ['serve', '--port', '0', '--data', data], env })

const tracedServer = async (data = testDirectory()) => {
  const collector = await startCollector()
  const server = serve(data, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' })
  return { collector, server, url: await server.address }
}

const traceOf = (digit: string) => ({ traceId: digit.repeat(32), parent: digit.repeat(16) })

const post = (url: string, traceparent: string, body?: object) =>
  fetch(url, {
    method: 'POST',
    headers: { traceparent, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

test('the trace of a caller goes on through command, log and read model, and its traceparent is kept in the event', async () => {
  const data = testDirectory()
  const { collector, server, url } = await tracedServer(data)
  const { traceId, parent } = traceOf('a')
  const traceparent = `00-${traceId}-${parent}-01`
  expect((await post(`${url}/runs`, traceparent, { run_id: 'r', policy_version_id: 'p' })).status).toBe(201)
  const spans = () => collector.spans.filter((span) => span.traceId === traceId)
  const names = () => spans().map(({ name }) => name)
  await expect
    .poll(names, { timeout: 120_000 })
    .toEqual(expect.arrayContaining(['request POST /runs', 'decide', 'append', 'project']))
  const request = spans().find(({ name }) => name === 'request POST /runs')
  const parentOf = (name: string) => spans().find((span) => span.name === name)?.parentSpanId
  expect(request?.parentSpanId).toBe(parent)
  expect([parentOf('decide'), parentOf('append')]).toEqual([request?.spanId, request?.spanId])
  expect(parentOf('project')).toBe(parent)

  server.kill('SIGTERM')
  expect((await server.ended).status).toBe(0)
  const [event] = await eventsOf(await openStore(data, 'read'), 'r')
  expect(JSON.parse(event?.metadata ?? '')).toMatchObject({ traceparent })
})

test('a read from the stream is a load, and a question to the read model a query', async () => {
  const { collector, url } = await tracedServer()
  const [loading, asking] = [traceOf('b'), traceOf('c')]
  await post(`${url}/runs/none/start`, `00-${loading.traceId}-${loading.parent}-01`)
  await fetch(`${url}/runs`, { headers: { traceparent: `00-${asking.traceId}-${asking.parent}-01` } })
  const namesIn = (id: string) => collector.spans.filter(({ traceId }) => traceId === id).map(({ name }) => name)
  await expect
    .poll(() => namesIn(loading.traceId), { timeout: 120_000 })
    .toEqual(expect.arrayContaining(['request POST /runs/:run_id/start', 'load']))
  await expect
    .poll(() => namesIn(asking.traceId), { timeout: 120_000 })
    .toEqual(expect.arrayContaining(['request GET /runs', 'query']))
})

test('a trace that the caller does not sample is not sent, and one without a caller begins here', async () => {
  const { collector, url } = await tracedServer()
  const { traceId, parent } = traceOf('d')
  await post(`${url}/runs`, `00-${traceId}-${parent}-00`, { policy_version_id: 'p' })
  await fetch(`${url}/runs`)
  await expect
    .poll(() => collector.spans.map(({ name, parentSpanId }) => [name, parentSpanId || undefined]), {
      timeout: 120_000,
    })
    .toContainEqual(['request GET /runs', undefined])
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([])
})

test('a collector that is not there changes nothing', async () => {
  const server = serve(testDirectory(), {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  })
  const url = await server.address
  expect((await post(`${url}/runs`, 'none', { policy_version_id: 'p' })).status).toBe(201)
  server.kill('SIGTERM')
  expect((await server.ended).status).toBe(0)
})

test('without an endpoint no module of OpenTelemetry is loaded, with one it is', async () => {
  const hook = fileURLToPath(new URL('../support/processes/report-opentelemetry.ts', import.meta.url))
  const loadedBy = async (env: Readonly<Record<string, string>>) => {
    const server = serve(testDirectory(), { NODE_OPTIONS: `--import ${hook}`, ...env })
    const url = await server.address
    await post(`${url}/runs`, 'none', { policy_version_id: 'p' })
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    server.kill('SIGTERM')
    return (await server.ended).stderr.split('\n').filter((line) => line.startsWith('loaded '))
  }
  expect(await loadedBy({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toEqual([])
  const { url } = await startCollector()
  expect((await loadedBy({ OTEL_EXPORTER_OTLP_ENDPOINT: url })).length).toBeGreaterThan(10)
})
