import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { serverForAll, serverForTest, type TestServer } from '../support/network/http-server.ts'
import { openSocket, parseAnswer } from '../support/network/raw-socket.ts'

const POST = 'POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
const BODY = '{"policy_version_id":"policy-1"}'
const POST_WHOLE = `${POST}Content-Length: ${BODY.length}\r\n\r\n${BODY}`

const shared = serverForAll()

const headOf = async ({ store }: TestServer) => await store.headPosition()()

test('a body that never ends is 408 within the limit, and nothing is done', async () => {
  const server = await serverForTest({ limits: { requestTimeout: 200, headersTimeout: 200 } })
  const before = await headOf(server)
  const socket = await openSocket(server.port)
  socket.send(`${POST}Content-Length: 1000\r\n\r\n${BODY}`)
  const answer = parseAnswer(await socket.closed())
  expect(answer).toMatchObject({
    status: 408,
    headers: { 'content-type': 'application/problem+json', connection: 'close' },
  })
  expect(JSON.parse(answer.body)).toMatchObject({ type: '/problems/request-timeout', status: 408 })
  expect(await headOf(server)).toEqual(before)
})

test('headers that never end are 408 too', async () => {
  const server = await serverForTest({ limits: { requestTimeout: 200, headersTimeout: 200 } })
  const socket = await openSocket(server.port)
  socket.send('GET /runs HTTP/1.1\r\nHost: localhost\r\nX-Slow:')
  expect(parseAnswer(await socket.closed()).status).toBe(408)
})

test.each([
  ['bytes that are no HTTP', 'HELLO\r\n\r\n', 400, 'malformed-request'],
  ['two lengths', `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400, 'malformed-request'],
  ['a broken chunk', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, 'malformed-request'],
  [
    'headers of more than 16 KiB',
    `GET /runs HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
    400,
    'malformed-request',
  ],
  [
    'a path of more than 16 KiB',
    `GET /runs/${'x'.repeat(17_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    400,
    'malformed-request',
  ],
] as const)('%s are a problem, and the connection is closed', async (_what, request, status, slug) => {
  const server = shared.current()
  const socket = await openSocket(server.port)
  socket.send(request)
  const answer = parseAnswer(await socket.closed())
  expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json' } })
  expect(JSON.parse(answer.body).type).toBe(`/problems/${slug}`)
})

test('a request without Host is a problem, as HTTP/1.1 has it', async () => {
  const server = shared.current()
  const socket = await openSocket(server.port)
  socket.send('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n')
  const answer = parseAnswer(await socket.closed())
  expect(answer.status).toBe(400)
  expect(JSON.parse(answer.body)).toMatchObject({ type: '/problems/malformed-request', errors: [{ header: 'Host' }] })
})

test('a body that is too large is answered though the client goes on sending, and the connection stays', async () => {
  const server = await serverForTest({ limits: { bodyBytes: 1_000 } })
  const socket = await openSocket(server.port)
  const size = 5_000_000
  socket.send(`${POST}Content-Length: ${size}\r\n\r\n`)
  socket.send(Buffer.alloc(size, 0x20))
  await socket.until('/problems/body-too-large')
  socket.send(POST_WHOLE)
  expect(await socket.until('"run_id"')).toContain('HTTP/1.1 201')
})

test('a chunked body is counted as it comes', async () => {
  const server = await serverForTest({ limits: { bodyBytes: 1_000 } })
  const socket = await openSocket(server.port)
  socket.send(`${POST}Transfer-Encoding: chunked\r\n\r\n`)
  for (let sent = 0; sent < 3; sent += 1) socket.send(`1f4\r\n${' '.repeat(500)}\r\n`)
  expect(parseAnswer(await socket.until('/problems/body-too-large')).status).toBe(413)
})

test('a client that leaves in the middle of its body leaves nothing behind', async () => {
  const server = shared.current()
  const before = await headOf(server)
  const socket = await openSocket(server.port)
  socket.send(`${POST}Content-Length: 1000\r\n\r\n{"policy_version_id":`)
  await sleep(20)
  socket.socket.destroy()
  await sleep(20)
  expect((await server.get('/healthz')).statusCode).toBe(200)
  expect(await headOf(server)).toEqual(before)
})

test('a connection serves many requests, also pipelined ones, in their order', async () => {
  const server = shared.current()
  const socket = await openSocket(server.port)
  socket.send(
    `GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${POST_WHOLE}GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  )
  const text = await socket.until('/problems/not-found')
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 201', 'HTTP/1.1 404'])
})

test('more requests than may be under way are turned away, but not the question whether the server is up', async () => {
  const gate = openGate()
  const server = await serverForTest({ limits: { requestsUnderWay: 1 }, ledger: gate.before })
  const first = server.post('/runs', { policy_version_id: 'p' })
  await gate.reached
  const second = await server.post('/runs', { policy_version_id: 'p' })
  expect(second.statusCode).toBe(503)
  expect(second.headers['retry-after']).toBe('5')
  expect(second.json().type).toBe('/problems/store-unavailable')
  expect((await server.get('/healthz')).statusCode).toBe(200)
  gate.open()
  expect((await first).statusCode).toBe(201)
  expect((await server.post('/runs', { policy_version_id: 'p' })).statusCode).toBe(201)
})

test('a stop answers what is under way, closes idle connections, and takes no new ones', async () => {
  const gate = openGate()
  const server = await serverForTest({ ledger: gate.before })
  const idle = await openSocket(server.port)
  idle.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await idle.until('"up"')
  const busy = await openSocket(server.port)
  busy.send(POST_WHOLE)
  await gate.reached
  const closed = server.app.close()
  await idle.closed()
  await expect(fetch(server.url)).rejects.toThrow()
  expect(busy.received()).toBe('')
  gate.open()
  expect(parseAnswer(await busy.closed()).status).toBe(201)
  await closed
})

test('a stop does not wait for a connection on which nothing ever came', async () => {
  const server = await serverForTest({ limits: { stopWithin: 3_600_000 } })
  const spare = await openSocket(server.port)
  await expect.poll(() => connectionsTo(server)).toBe(1)
  await server.app.close()
  expect(await spare.closed()).toBe('')
})

test('a stop waits no longer than its limit for a client that does not finish', async () => {
  const server = await serverForTest({ limits: { stopWithin: 50 } })
  const stuck = await openSocket(server.port)
  stuck.send(`${POST}Content-Length: 1000\r\n\r\n{`)
  await sleep(20)
  await server.app.close()
  expect(await stuck.closed()).toBe('')
})

/** Holds every command until it is opened. */
const openGate = () => {
  let open = (): void => undefined
  let reach = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  const before = (ledger: Ledger): Ledger => ({
    ...ledger,
    execute: (command) => async () => {
      reach()
      await opened
      return ledger.execute(command)()
    },
  })
  return { before, open, reached }
}

const connectionsTo = ({ app }: TestServer): Promise<number> =>
  new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)))
