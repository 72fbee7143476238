import { isRight, left } from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { type EventStore, unavailable } from '../../src/event-store/event-store.ts'
import { createLedger } from '../../src/ledger/ledger.ts'
import { measureCommits } from '../../src/metrics/measured-store.ts'
import { createMetrics, OPENMETRICS } from '../../src/metrics/metrics.ts'
import { scrape } from '../../src/metrics/scrape.ts'
import { createRun, startRun } from '../support/commands.ts'
import { follow } from '../support/network/event-source.ts'
import { serverForTest } from '../support/network/http-server.ts'
import { byProjection, familiesOf, sampleOf, samplesOf } from '../support/openmetrics.ts'

const measuredServer = async () => {
  const metrics = createMetrics()
  const server = await serverForTest({ metrics })
  const text = async () => (await server.get('/metrics')).body
  return { ...server, metrics, text }
}

const NAMES = {
  run_ledger_http_request_duration_seconds: 'HISTOGRAM',
  run_ledger_append_duration_seconds: 'HISTOGRAM',
  run_ledger_append_conflicts_total: 'COUNTER',
  run_ledger_commit_batch_size: 'HISTOGRAM',
  run_ledger_projection_lag_events: 'GAUGE',
  run_ledger_projection_lag_seconds: 'GAUGE',
  run_ledger_projection_heartbeat_age_seconds: 'GAUGE',
  run_ledger_quarantined_runs: 'GAUGE',
  run_ledger_stream_clients: 'GAUGE',
  run_ledger_access_log_dropped_total: 'COUNTER',
  process_cpu_seconds_total: 'COUNTER',
  process_resident_memory_bytes: 'GAUGE',
  nodejs_eventloop_lag_seconds: 'GAUGE',
}

test('a parser of the format reads every documented metric', async () => {
  const server = await measuredServer()
  await server.create()
  const { headers, body } = await server.get('/metrics')
  expect(headers['content-type']).toBe(OPENMETRICS)
  expect(body).toMatch(/\n# EOF\n$/)
  const families = familiesOf(body)
  const found = Object.fromEntries(Object.keys(NAMES).map((name) => [name, families.get(name)?.type]))
  expect(found).toEqual(NAMES)
  for (const { help } of families.values()) expect(help).not.toBe('')
})

test('requests are counted by route, method and status; no run id and no actor is a label', async () => {
  const server = await measuredServer()
  await server.post('/runs', { run_id: 'loan-4711', policy_version_id: 'p' }, { 'run-ledger-actor': 'alice-4711' })
  await server.get('/runs/loan-4711?consistency=strong')
  await server.get('/runs/loan-4711?consistency=strong')
  await server.get('/no/such/4711')
  const text = await server.text()
  expect(samplesOf(text, 'run_ledger_http_request_duration_seconds_count')).toEqual([
    { labels: { route: '/runs', method: 'POST', status: '201' }, value: 1 },
    { labels: { route: '/runs/:run_id', method: 'GET', status: '200' }, value: 2 },
    { labels: { route: 'none', method: 'GET', status: '404' }, value: 1 },
  ])
  expect(text).not.toContain('4711')
})

test('appends, their conflicts and the commits that hold them are counted', async () => {
  const server = await measuredServer()
  const other = createLedger(server.store)
  const stop = measureCommits(server.metrics)
  await Promise.all(['a', 'b', 'c'].map((run_id) => server.post('/runs', { run_id, policy_version_id: 'p' })))
  expect(isRight(await other.execute(createRun('d'))())).toBe(true)
  // Each ledger caches the run: the second start is refused by the store first, then by the rules.
  expect((await server.post('/runs/d/start')).statusCode).toBe(200)
  expect(isRight(await other.execute(startRun('d'))())).toBe(false)
  stop()
  const text = await server.text()
  expect(sampleOf(text, 'run_ledger_append_conflicts_total')).toBe(1)
  expect(sampleOf(text, 'run_ledger_append_duration_seconds_count')).toBe(6)
  expect(sampleOf(text, 'run_ledger_commit_batch_size_sum')).toBe(5)
  expect(sampleOf(text, 'run_ledger_commit_batch_size_count')).toBeLessThanOrEqual(5)
})

test('the lag is true while the projector is stopped', async () => {
  const server = await measuredServer()
  await server.create()
  const before = byProjection(await server.text(), 'run_ledger_projection_lag_events')
  expect(Object.keys(before).length).toBeGreaterThan(3)
  expect(new Set(Object.values(before))).toEqual(new Set([0]))

  await server.projector.stop()
  for (const run_id of ['a', 'b', 'c']) await server.post('/runs', { run_id, policy_version_id: 'p' })
  const after = await server.text()
  expect(new Set(Object.values(byProjection(after, 'run_ledger_projection_lag_events')))).toEqual(new Set([3]))
  const lagOf = (text: string) => byProjection(text, 'run_ledger_projection_lag_seconds')['current-run'] ?? 0
  const ageOf = (text: string) => byProjection(text, 'run_ledger_projection_heartbeat_age_seconds')['current-run'] ?? 0
  const [lag, age] = [lagOf(after), ageOf(after)]
  await expect.poll(async () => lagOf(await server.text()), { timeout: 60_000 }).toBeGreaterThan(lag)
  await expect.poll(async () => ageOf(await server.text()), { timeout: 60_000 }).toBeGreaterThan(age)
})

test.each<[string, Partial<EventStore>]>([
  ['fails', { backlog: () => async () => left(unavailable('gone')) }],
  ['never answers', { backlog: () => () => new Promise(() => undefined) }],
])('a log that %s leaves the lag absent, not zero', async (_how, broken) => {
  const server = await measuredServer()
  await server.create()
  const { metrics, readModel, store } = server
  await scrape(metrics, { readModel, store, within: 60_000 })
  const text = await scrape(metrics, { readModel, store: { ...store, ...broken }, within: 10 })
  expect(byProjection(text, 'run_ledger_projection_lag_events')).toEqual({})
  expect(byProjection(text, 'run_ledger_projection_lag_seconds')).toEqual({})
  expect(sampleOf(text, 'run_ledger_quarantined_runs')).toBe(0)
  expect(samplesOf(text, 'run_ledger_projection_heartbeat_age_seconds').length).toBeGreaterThan(3)
})

test('a read model that cannot be read leaves all of it absent', async () => {
  const server = await measuredServer()
  await server.readModel.close()
  const text = await server.text()
  for (const name of Object.keys(NAMES).filter((each) => /projection|quarantined/.test(each)))
    expect(samplesOf(text, name)).toEqual([])
})

test('open streams are counted, and no more once they are closed', async () => {
  const server = await measuredServer()
  const clients = async () => sampleOf(await server.text(), 'run_ledger_stream_clients')
  const { source } = follow(`${server.url}/stream`)
  await expect.poll(clients, { timeout: 60_000 }).toBe(1)
  source.close()
  await expect.poll(clients, { timeout: 60_000 }).toBe(0)
})
