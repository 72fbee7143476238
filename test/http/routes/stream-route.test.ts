import { expect, test } from 'vitest'
import type { ReadModel } from '../../../src/read-model/read-model.ts'
import { follow, opened } from '../../support/network/event-source.ts'
import { serverForAll, serverForTest, type TestServer } from '../../support/network/http-server.ts'
import { openSocket } from '../../support/network/raw-socket.ts'

const server = serverForAll()

/** A run that was created, started and completed. */
const lifeOf = async (it: TestServer, run_id: string): Promise<void> => {
  await it.create({ run_id })
  await it.post(`/runs/${run_id}/start`, undefined, { 'run-ledger-actor': 'engine' })
  await it.post(`/runs/${run_id}/complete`, { status: 'SUCCESS' })
}

/** Every entry that the server has, oldest first. */
const trailOf = async (it: TestServer, query = ''): Promise<readonly Record<string, unknown>[]> => {
  const head = await it.store.headPosition()()
  const position = head._tag === 'Right' ? head.right : ''
  const answer = await it.get(`/audit?sort=position&limit=1000${query}`, { 'run-ledger-position': position })
  return (answer.json() as { data: Record<string, unknown>[] }).data
}

const entriesOf = (came: readonly { data: string }[]) => came.map(({ data }) => JSON.parse(data) as unknown)

test('each entry is an event, from the start and then as it comes', async () => {
  await lifeOf(server.current(), 'live-1')
  const { until } = follow(`${server.current().url}/stream?from=start&run_id=live-1&run_id=live-2`)
  await until((came) => came.length === 3)
  await lifeOf(server.current(), 'live-2')
  const came = await until((all) => all.length === 6)
  const trail = await trailOf(server.current(), '&run_id=live-1&run_id=live-2')
  expect(entriesOf(came)).toEqual(trail)
  expect(came.map(({ id, type }) => ({ position: id, type }))).toEqual(
    trail.map(({ position, type }) => ({ position, type })),
  )
})

test('from the head, which is where it begins unless told, nothing comes that was there before', async () => {
  await lifeOf(server.current(), 'before')
  const follower = follow(`${server.current().url}/stream`)
  await opened(follower)
  await lifeOf(server.current(), 'after')
  const came = await follower.until((all) => all.length >= 3)
  expect(came.map(({ data }) => (JSON.parse(data) as { run_id: string }).run_id)).toEqual(['after', 'after', 'after'])
})

test('from a position, what comes after it; Last-Event-ID goes before it', async () => {
  await lifeOf(server.current(), 'middle')
  const trail = await trailOf(server.current(), '&run_id=middle')
  const [first = '', second = ''] = trail.map(({ position }) => String(position))
  const after = follow(`${server.current().url}/stream?run_id=middle&from=${first}`)
  expect(entriesOf(await after.until((came) => came.length === 2))).toEqual(trail.slice(1))
  const text = await firstText(`${server.current().url}/stream?run_id=middle&from=start`, { 'last-event-id': second })
  expect(text).toContain(`retry: 2000\nid: ${second}\n\n`)
})

test('filters are those of the audit trail', async () => {
  await lifeOf(server.current(), 'filtered')
  const { until } = follow(`${server.current().url}/stream?from=start&run_id=filtered&actor=engine`)
  await lifeOf(server.current(), 'filtered-out')
  const came = await until((all) => all.length > 0)
  expect(came.map(({ type }) => type)).toEqual(['RunStarted'])
})

test.for([
  ['from=yesterday', {}, { parameter: 'from' }],
  ['from=99999999999999999999', {}, { parameter: 'from' }],
  ['from=head&from=start', {}, { parameter: 'from' }],
  ['limit=5', {}, { parameter: 'limit' }],
  ['', { 'last-event-id': '7' }, { header: 'Last-Event-ID' }],
  ['from=start', { 'last-event-id': '00000000000099999999' }, { header: 'Last-Event-ID' }],
] as const)('?%s with %j is refused', async ([query, headers, fault]) => {
  const answer = await fetch(`${server.current().url}/stream?${query}`, { headers })
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ type: '/problems/malformed-request', errors: [fault] })
})

test('it is not for those who do not take events, and a HEAD has an end', async () => {
  const refused = await fetch(`${server.current().url}/stream`, { headers: { accept: 'application/json' } })
  expect(refused.status).toBe(406)
  const head = await fetch(`${server.current().url}/stream`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
})

test('where nothing matches, the id moves all the same', async () => {
  const it = await serverForTest({ limits: { heartbeat: 20 } })
  const socket = await openSocket(it.port)
  socket.send('GET /stream?actor=nobody HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n')
  await it.create({ run_id: 'unseen' })
  const [entry] = await trailOf(it)
  const text = await socket.until(`id: ${String(entry?.['position'])}\n\n`)
  expect(text).not.toContain('data:')
})

test('one stream too many is refused, until another ends', async () => {
  const it = await serverForTest({ limits: { eventStreams: 1 } })
  const first = follow(`${it.url}/stream`)
  await opened(first)
  const refused = await fetch(`${it.url}/stream`)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10'])
  expect(await refused.json()).toMatchObject({ type: '/problems/too-many-streams' })
  first.source.close()
  await expect.poll(async () => (await fetch(`${it.url}/stream`, { method: 'HEAD' })).status).toBe(200)
})

test('a server that stops does not wait for streams', async () => {
  const it = await serverForTest({ limits: { stopWithin: 3_600_000 } })
  const socket = await openSocket(it.port)
  socket.send('GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await socket.until('retry: 2000')
  await it.app.close()
  // The last chunk: it ended, it was not cut.
  expect(await socket.closed()).toMatch(/\r\n0\r\n\r\n$/)
})

test('for a reader who takes nothing, nothing is gathered; it is cut', async () => {
  let pages = 0
  const counted = (readModel: ReadModel): ReadModel => ({
    ...readModel,
    listEntries: (query) => {
      pages += 1
      return readModel.listEntries(query)
    },
  })
  const it = await serverForTest({ limits: { idleTimeout: 500 }, readModel: counted })
  const input_data = { text: 'x'.repeat(900_000) }
  for (let n = 0; n < 20; n += 1) await it.create({ input_data })
  const socket = await openSocket(it.port)
  socket.socket.pause()
  socket.send('GET /stream?from=start HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await expect.poll(() => connectionsTo(it), { timeout: 20_000 }).toBe(0)
  expect(pages).toBeGreaterThan(0)
  socket.socket.resume()
  const received = await socket.closed()
  expect(received.length).toBeLessThan(18_000_000)
  expect(received).not.toMatch(/\r\n0\r\n\r\n$/)
}, 60_000)

test('a rebuild is not seen', async () => {
  const it = await serverForTest()
  const follower = follow(`${it.url}/stream?from=start`)
  for (let n = 0; n < 30; n += 1) await it.create({ run_id: `rebuilt-${n}` })
  const rebuilt = it.projector.rebuild()()
  for (let n = 30; n < 60; n += 1) await it.create({ run_id: `rebuilt-${n}` })
  expect((await rebuilt)._tag).toBe('Right')
  for (let n = 60; n < 70; n += 1) await it.create({ run_id: `rebuilt-${n}` })
  const came = await follower.until((all) => all.length >= 70)
  expect(entriesOf(came)).toEqual(await trailOf(it))
})

test('an event that cannot be read comes at its place, and the run waits for nobody', async () => {
  const it = await serverForTest()
  const follower = follow(`${it.url}/stream?from=start`)
  const run_id = await it.create()
  const event = { event_id: crypto.randomUUID(), type: 'SomethingElse', data: '{}', metadata: '{}' }
  expect((await it.store.append(run_id, 0, [event])())._tag).toBe('Right')
  const other = await it.create()
  const came = await follower.until((all) => all.length >= 3)
  expect(entriesOf(came)).toMatchObject([
    { run_id, revision: 0 },
    { run_id, revision: 1, type: 'SomethingElse', changes: null },
    { run_id: other, revision: 0 },
  ])
  expect((await it.projector.retry('all')())._tag).toBe('Right')
  await it.create()
  expect((await follower.until((all) => all.length >= 4)).length).toBe(4)
})

test('a read model that is busy, or that fails, is not the end of the trail', async () => {
  let queries = 0
  const troubled = (readModel: ReadModel): ReadModel => ({
    ...readModel,
    listEntries: (query) => async () => {
      queries += 1
      if (queries === 1) return { _tag: 'Left', left: { _tag: 'ReadModelBusy', detail: 'as told' } }
      if (queries === 3) throw new Error('as told')
      return readModel.listEntries(query)()
    },
  })
  const it = await serverForTest({ readModel: troubled })
  const { until } = follow(`${it.url}/stream?from=start`)
  const runs: string[] = []
  while (queries < 4) runs.push(await it.create())
  const came = await until((all) => all.length >= runs.length)
  expect(entriesOf(came)).toMatchObject(runs.map((run_id) => ({ run_id })))
}, 60_000)

const firstText = async (url: string, headers: Record<string, string>): Promise<string> => {
  const aborting = new AbortController()
  const { body } = await fetch(url, { headers, signal: aborting.signal })
  const part = await body?.getReader().read()
  aborting.abort()
  return new TextDecoder().decode(part?.value)
}

/** Connections that are open. */
const connectionsTo = (it: TestServer): Promise<number> =>
  new Promise((resolve) => it.app.server.getConnections((_, count) => resolve(count)))
