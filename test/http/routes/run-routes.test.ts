import { expect, test } from 'vitest'
import { DROP_GUARDS, logPath, tamper } from '../../support/ledger-on-disk.ts'
import { type Headers, serverForAll, serverForTest } from '../../support/network/http-server.ts'
import { openSocket } from '../../support/network/raw-socket.ts'
import { testDirectory } from '../../support/stores.ts'

const server = serverForAll()
const get = (url: string, headers: Headers = {}) => server.current().get(url, headers)
const post = (url: string, body?: unknown, headers: Headers = {}) => server.current().post(url, body, headers)

/** A run of three events, whose last answer says where it stands. */
const lived = async (run_id: string) => {
  await post('/runs', { run_id, policy_version_id: 'p', occurred_at: '2026-01-01T00:00:00Z' })
  await post(`/runs/${run_id}/start`, { occurred_at: '2026-01-02T00:00:00Z' })
  const last = await post(`/runs/${run_id}/complete`, { status: 'SUCCESS', occurred_at: '2026-01-03T00:00:00Z' })
  return { last, position: String(last.headers['run-ledger-position']) }
}

test('a read that takes a command’s position along sees what the command did', async () => {
  for (let n = 0; n < 20; n += 1) {
    const created = await post('/runs', { run_id: `own-write-${n}`, policy_version_id: 'p' })
    const position = String(created.headers['run-ledger-position'])
    const read = await get(`/runs/own-write-${n}`, { 'run-ledger-position': position })
    expect(read.statusCode).toBe(200)
    expect(read.body).toBe(created.body)
    expect(read.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'private, no-cache',
      etag: '"0"',
    })
    expect(String(read.headers['run-ledger-position']) >= position).toBe(true)
  }
})

test('a position that the read model does not reach in time is 503, and the read may be tried again', async () => {
  const hasty = await serverForTest({ limits: { waitForPosition: 30 } })
  await hasty.projector.stop()
  const { headers } = await hasty.post('/runs', { policy_version_id: 'p' })
  for (const url of ['/runs/r', '/runs']) {
    const answer = await hasty.get(url, { 'run-ledger-position': String(headers['run-ledger-position']) })
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('1')
    expect(answer.json().type).toBe('/problems/position-not-reached')
  }
})

test('a strong read needs no read model', async () => {
  const stopped = await serverForTest()
  await stopped.projector.stop()
  const created = await stopped.post('/runs', { run_id: 'strong', policy_version_id: 'p' })
  const position = String(created.headers['run-ledger-position'])
  const read = await stopped.get('/runs/strong?consistency=strong', { 'run-ledger-position': position })
  expect(read.statusCode).toBe(200)
  expect(read.body).toBe(created.body)
  expect(read.headers).toMatchObject({ etag: '"0"', 'run-ledger-position': position })
})

test('a run is read as it stood, as it was known, and at a revision', async () => {
  await lived('past')
  const asOf = await get('/runs/past?as_of=2026-01-02T12:00:00Z')
  expect(asOf.json()).toMatchObject({ status: 'STARTED', last_updated_at: '2026-01-02T00:00:00.000Z' })
  expect(asOf.headers['etag']).toBe('"1"')
  expect((await get('/runs/past?as_of=2026-01-02T12:00:00Z')).headers['cache-control']).toBe('private, no-cache')
  expect((await get('/runs/past?revision=0')).json()).toMatchObject({ status: 'PENDING' })
  expect((await get('/runs/past?known_at=2026-01-05T00:00:00Z')).json()).toMatchObject({
    type: '/problems/run-not-yet-created',
  })
  expect((await get('/runs/past?known_at=2999-01-01T00:00:00Z')).json()).toMatchObject({ status: 'SUCCESS' })
  expect((await get('/runs/past?known_at=2999-01-01T00:00:00Z&as_of=2026-01-01T00:00:00Z')).json()).toMatchObject({
    status: 'PENDING',
  })
})

test('the offset of a time may come with an unescaped +', async () => {
  await lived('plus')
  expect((await get('/runs/plus?as_of=2026-01-02T01:00:00+01:00')).json()).toMatchObject({ status: 'STARTED' })
})

test.each([
  ['its tag', '"2"', 304],
  ['a weak tag', 'W/"2"', 304],
  ['a list with it', '"7", W/"2"', 304],
  ['anything', '*', 304],
  ['another tag', '"1"', 200],
  ['a list without it', '"1", "3"', 200],
  ['something that is no tag', '2', 200],
])('If-None-Match with %s', async (what, tag, status) => {
  const run_id = what.replaceAll(' ', '-')
  const { position, last } = await lived(run_id)
  for (const query of ['', '?consistency=strong']) {
    const answer = await get(`/runs/${run_id}${query}`, { 'if-none-match': tag, 'run-ledger-position': position })
    expect(answer.statusCode).toBe(status)
    expect(answer.body).toBe(status === 200 ? last.body : '')
    expect(answer.headers).toMatchObject({ etag: '"2"', 'cache-control': 'private, no-cache' })
    expect(answer.headers).toHaveProperty('run-ledger-position')
  }
})

test('304 has no body and no length on the wire, and the connection goes on', async () => {
  const { position } = await lived('wire')
  await server.current().readModel.waitFor(position, 5_000)
  const socket = await openSocket(server.current().port)
  socket.send(
    'GET /runs/wire HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: "2"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
  )
  const [head] = (await socket.until('"up"')).split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 304 /)
  expect(head).not.toMatch(/^(content-(length|type)|transfer-encoding):/im)
})

test('a read of the log names the position that the log was at, whatever moment it asks for', async () => {
  const { position } = await lived('made-at')
  const { position: later } = await lived('made-after')
  for (const query of ['?consistency=strong', '?revision=0', '?as_of=2001-01-01T00:00:00Z', '?revision=9']) {
    const answer = await server.current().get(`/runs/made-at${query}`, { 'run-ledger-position': position })
    expect([query, answer.headers['run-ledger-position']]).toEqual([query, later])
  }
})

test('HEAD answers as GET does, without the body', async () => {
  const { position, last } = await lived('head')
  const { app } = server.current()
  const answer = await app.inject({ method: 'HEAD', url: '/runs/head', headers: { 'run-ledger-position': position } })
  expect(answer.statusCode).toBe(200)
  expect(answer.body).toBe('')
  expect(answer.headers).toMatchObject({ etag: '"2"', 'content-length': String(Buffer.byteLength(last.body)) })
})

test('a run with an event that cannot be read is shown as it last was, named by header and list, and no more commanded', async () => {
  const directory = testDirectory()
  const before = await serverForTest({ directory })
  for (const run_id of ['good', 'broken', 'headless']) await before.create({ run_id })
  await before.post('/runs/broken/start')
  await before.close()
  tamper(
    logPath(directory),
    `${DROP_GUARDS} INSERT INTO events (stream, revision, event_id, type, recorded_at, data, metadata)
       SELECT stream, 2, 'tampered', 'RunVanished', recorded_at, data, metadata FROM events WHERE stream = 'run-broken' AND revision = 1;
     INSERT INTO events (stream, revision, event_id, type, recorded_at, data, metadata)
       SELECT 'run-never', 0, 'tampered-too', 'RunVanished', recorded_at, data, metadata FROM events WHERE stream = 'run-good';`,
  )
  const after = await serverForTest({ directory })
  const head = await after.store.headPosition()()
  await after.projector.caughtUpTo(head._tag === 'Right' ? head.right : '')

  const shown = await after.get('/runs/broken')
  expect(shown.statusCode).toBe(200)
  expect(shown.headers).toMatchObject({ 'run-ledger-quarantined': '2', etag: '"1"' })
  expect(shown.json()).toMatchObject({ status: 'STARTED' })
  const strong = await after.get('/runs/broken?consistency=strong')
  expect(strong.statusCode).toBe(500)
  expect(strong.json()).toMatchObject({ type: '/problems/run-unreadable', run_id: 'broken', revision: 2 })
  expect(strong.json().detail).toContain('RunVanished')
  expect((await after.get('/runs/broken?revision=1')).statusCode).toBe(200)
  expect((await after.post('/runs/broken/complete', { status: 'SUCCESS' })).json().type).toBe(
    '/problems/run-unreadable',
  )

  const never = await after.get('/runs/never')
  expect(never.statusCode).toBe(503)
  expect(never.json()).toMatchObject({ type: '/problems/run-quarantined', run_id: 'never', revision: 0 })

  const list = (await after.get('/runs?sort=created_at')).json()
  expect(list.data).toHaveLength(3)
  expect(list.quarantined).toEqual([{ run_id: 'broken', revision: 2 }])
  expect((await after.get('/runs/good')).headers).not.toHaveProperty('run-ledger-quarantined')

  const [projection] = (await after.get('/projections')).json().data
  expect(
    projection.quarantined
      .map(({ run_id, revision }: { run_id: string; revision: number }) => [run_id, revision])
      .sort(),
  ).toEqual([
    ['broken', 2],
    ['never', 0],
  ])
})
