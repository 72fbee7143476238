import { expect, test } from 'vitest'
import { serverForAll, serverForTest } from '../../support/network/http-server.ts'
import { openSocket, parseAnswer } from '../../support/network/raw-socket.ts'

const shared = serverForAll({ allowedHosts: ['Ledger.example'] })

const OWN = 'http://127.0.0.1:8080'

test.each([
  'localhost',
  'localhost:8080',
  'LOCALHOST:8080',
  'a.localhost:8080',
  '127.0.0.1:8080',
  '10.0.0.7',
  '[::1]:8080',
  '[fe80::1]',
  'ledger.example',
  'LEDGER.EXAMPLE:443',
])('a request for %s is answered', async (host) =>
  expect((await shared.current().get('/healthz', { host })).statusCode).toBe(200),
)

test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'xlocalhost', 'sub.ledger.example'])(
  'a request for "%s" is misdirected, a read as much as a command',
  async (host) => {
    const before = await shared.current().store.headPosition()()
    for (const answer of [
      await shared.current().get('/runs', { host }),
      await shared.current().post('/runs', { policy_version_id: 'p' }, { host }),
    ]) {
      expect(answer.statusCode).toBe(421)
      expect(answer.json()).toMatchObject({ type: '/problems/misdirected-request', status: 421 })
    }
    expect(await shared.current().store.headPosition()()).toEqual(before)
  },
)

test.each([
  ['two Host headers', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n'],
  ['a Host with a path', 'GET /healthz HTTP/1.1\r\nHost: localhost/x\r\n\r\n'],
  ['a Host with a user', 'GET /healthz HTTP/1.1\r\nHost: me@localhost\r\n\r\n'],
])('%s is malformed', async (_what, request) => {
  const socket = await openSocket(shared.current().port)
  socket.send(request)
  const answer = parseAnswer(await socket.until('malformed-request'))
  expect(answer.status).toBe(400)
  expect(answer.body).toContain('"header":"Host"')
})

test('the host of an absolute URL counts, not the Host header', async () => {
  const socket = await openSocket(shared.current().port)
  socket.send('GET http://localhost/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n')
  expect(parseAnswer(await socket.until('"up"')).status).toBe(200)
  socket.send('GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(await socket.until('misdirected-request')).toContain('HTTP/1.1 421')
})

const CREATE = { policy_version_id: 'p' }

test.each([
  ['a page of another site', { origin: 'https://evil.example' }],
  ['a page of another port', { origin: 'http://127.0.0.1:3000' }],
  ['a page without an origin', { origin: 'null' }],
  ['a page of a browser that hides the origin', { 'sec-fetch-site': 'cross-site' }],
  ['a page of another name of this host', { 'sec-fetch-site': 'same-site' }],
])('%s cannot send a command', async (_what, headers) => {
  const server = shared.current()
  const run_id = await server.create()
  const before = await server.store.headPosition()()
  for (const answer of [
    await server.post('/runs', CREATE, { host: '127.0.0.1:8080', ...headers }),
    await server.post(`/runs/${run_id}/start`, undefined, { host: '127.0.0.1:8080', ...headers }),
    await server.post('/commands', '{}\n', {
      'content-type': 'application/x-ndjson',
      host: '127.0.0.1:8080',
      ...headers,
    }),
  ]) {
    expect(answer.statusCode).toBe(403)
    expect(answer.json().type).toBe('/problems/forbidden')
  }
  expect(await server.store.headPosition()()).toEqual(before)
})

test.each([
  ['a program', {}],
  ['a page of ours', { origin: OWN }],
  ['a page of ours whose origin its policy hides', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
  ['a user who sends it again', { 'sec-fetch-site': 'none' }],
])('%s can send a command', async (_what, headers) => {
  const answer = await shared.current().post('/runs', CREATE, { host: '127.0.0.1:8080', ...headers })
  expect(answer.statusCode).toBe(201)
})

test('behind a proxy that ends TLS the scheme of our own pages is theirs', async () => {
  const headers = { host: 'ledger.example', origin: 'https://ledger.example' }
  expect((await shared.current().post('/runs', CREATE, headers)).statusCode).toBe(201)
})

test('no page may ask whether it may send a command', async () => {
  const answer = await shared.current().app.inject({
    method: 'OPTIONS',
    url: '/runs',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  })
  expect(answer.statusCode).toBe(405)
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
})

test('a form cannot send a command: only JSON is taken', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
    expect((await shared.current().post('/runs', JSON.stringify(CREATE), { 'content-type': type })).statusCode).toBe(
      415,
    )
})

const SECURITY = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
}

test('every answer has the security headers: answers, refusals, streams, pages, and what is no HTTP', async () => {
  const server = await serverForTest()
  const run_id = await server.create()
  for (const url of [
    '/',
    '/healthz',
    `/runs/${run_id}`,
    '/runs',
    '/nowhere',
    '/audit?format=csv',
    '/audit?x=1',
    '/docs/',
    '/docs/static/nothing.js',
    '/problems/invalid',
    '/runs/%ff',
  ])
    expect((await server.get(url)).headers, url).toMatchObject(SECURITY)
  expect((await server.post('/runs', {})).headers).toMatchObject(SECURITY)
  const socket = await openSocket(server.port)
  socket.send('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(parseAnswer(await socket.until('retry:')).headers).toMatchObject(SECURITY)
  const broken = await openSocket(server.port)
  broken.send('HELLO\r\n\r\n')
  expect(parseAnswer(await broken.closed()).headers).toMatchObject(SECURITY)
})
