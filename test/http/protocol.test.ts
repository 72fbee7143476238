import { expect, test } from 'vitest'
import { serverForAll } from '../support/network/http-server.ts'
import { openSocket, parseAnswer } from '../support/network/raw-socket.ts'

const shared = serverForAll()

/** The answer to `request`, whose connection the server closes. */
const answerTo = async (request: string) => {
  const socket = await openSocket(shared.current().port)
  socket.send(request)
  return parseAnswer(await socket.closed())
}

test.each([
  ['GET /stream', ''],
  ['GET /audit?format=csv', ''],
  ['GET /audit?format=ndjson', ''],
  ['GET /audit?format=cloudevents', ''],
  ['POST /commands', 'Content-Type: application/x-ndjson\r\nContent-Length: 3\r\n'],
])('%s over HTTP/1.0, which could not show that it broke off, is refused with a length', async (line, headers) => {
  const before = await shared.current().store.headPosition()()
  const answer = await answerTo(`${line} HTTP/1.0\r\nHost: localhost\r\n${headers}\r\n${headers === '' ? '' : '{}\n'}`)
  expect(answer.status).toBe(505)
  expect(JSON.parse(answer.body).type).toBe('/problems/http-version-not-supported')
  expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.body)))
  expect(await shared.current().store.headPosition()()).toEqual(before)
})

test('answers with a length are given over HTTP/1.0, too', async () => {
  const run_id = await shared.current().create()
  for (const path of ['/healthz', '/runs', `/runs/${run_id}`, '/audit', '/projections']) {
    const answer = await answerTo(`GET ${path} HTTP/1.0\r\n\r\n`)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.body, 'latin1')))
  }
})

test.each(['Idempotency-Key', 'Run-Ledger-Actor', 'X-Correlation-Id'])(
  'two %s headers are not one value with a comma in it, which is taken',
  async (header) => {
    const body = '{"policy_version_id":"p"}'
    const post = (headers: string) =>
      `POST /runs HTTP/1.1\r\nHost: localhost\r\n${headers}Content-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const refused = await answerTo(post(`${header}: k1\r\n${header.toLowerCase()}: k2\r\n`))
    expect(refused.status).toBe(400)
    expect(JSON.parse(refused.body)).toMatchObject({ type: '/problems/malformed-request', errors: [{ header }] })
    expect((await answerTo(post(`${header}: k1, k2\r\n`))).status).toBe(201)
  },
)

test('an expectation that cannot be met is a problem, and 100-continue is met', async () => {
  const refused = await answerTo('GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nConnection: close\r\n\r\n')
  expect(refused.status).toBe(417)
  expect(JSON.parse(refused.body).type).toBe('/problems/expectation-failed')
  const body = '{"policy_version_id":"p"}'
  const head = `POST /runs HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  const socket = await openSocket(shared.current().port)
  socket.send(head)
  await socket.until('HTTP/1.1 100')
  socket.send(body)
  expect(await socket.until('"run_id"')).toContain('HTTP/1.1 201')
})

test('CONNECT is a problem with a body', async () => {
  const answer = await answerTo('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n')
  expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST' } })
  expect(JSON.parse(answer.body).type).toBe('/problems/method-not-allowed')
})

test.each([
  '/docs/static/../../package.json',
  '/docs/static/../x',
  '/docs/static/%2e%2e/%2e%2e/x',
  '/docs/static/a%00b',
])('%s is not found, and no fault of the server', async (path) => {
  const answer = await answerTo(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  expect([400, 404]).toContain(answer.status)
  expect(answer.headers['content-type']).toBe('application/problem+json')
})

test('a repeat says that it is one; the first time does not', async () => {
  const server = shared.current()
  const create = () => server.post('/runs', { policy_version_id: 'p' }, { 'idempotency-key': 'repeated' })
  expect((await create()).headers).not.toHaveProperty('run-ledger-repeated')
  expect((await create()).headers['run-ledger-repeated']).toBe('true')
})

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json', 'nonsense/*'])(
  'a start without a body needs none, whatever its type says: %s',
  async (type) => {
    const server = shared.current()
    const run_id = await server.create()
    const answer = await server.app.inject({
      method: 'POST',
      url: `/runs/${run_id}/start`,
      headers: { 'content-type': type },
    })
    expect(answer.statusCode).toBe(200)
  },
)

test('a body may begin with a byte order mark, as lines of an import may', async () => {
  const body = Buffer.from('\ufeff{"policy_version_id":"p"}')
  expect((await shared.current().post('/runs', body)).statusCode).toBe(201)
})

test.each(['99999999999999999999', '00009000000000000000'])(
  'a read that asks for position %s, which the log does not have, is refused without the wait',
  async (position) => {
    const run_id = await shared.current().create()
    for (const url of [
      '/runs',
      `/runs/${run_id}`,
      `/runs/${run_id}?consistency=strong`,
      '/audit',
      `/runs/${run_id}/events`,
    ]) {
      const answer = await shared.current().get(url, { 'run-ledger-position': position })
      expect(answer.statusCode).toBe(400)
      expect(answer.json()).toMatchObject({ errors: [{ header: 'Run-Ledger-Position' }] })
    }
  },
)

test('an empty Last-Event-ID is none', async () => {
  const socket = await openSocket(shared.current().port)
  socket.send('GET /stream?from=start HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: \r\n\r\n')
  expect(await socket.until('event: RunCreated')).toContain(`id: ${'0'.repeat(20)}\n`)
})
