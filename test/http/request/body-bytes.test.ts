import { expect, test } from 'vitest'
import { serverForAll, serverForTest, type TestServer } from '../../support/network/http-server.ts'
import { openSocket, parseAnswer, type RawSocket } from '../../support/network/raw-socket.ts'

const shared = serverForAll()

const POST = 'POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
const COMMANDS = 'POST /commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n'

/** Each byte of `text` as a chunk of its own. */
const byteByByte = (text: string): string => `${[...text].map((byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`

const bodyOf = (run_id: string, size: number): string =>
  JSON.stringify({ run_id, policy_version_id: 'p', input_data: { x: 'x'.repeat(size) } })

test('a body that comes byte by byte is the body, and others are answered meanwhile', async () => {
  const server = shared.current()
  const sockets = await Promise.all(Array.from({ length: 4 }, () => openSocket(server.port)))
  sockets.forEach(({ send }, n) => {
    send(POST + CHUNKED + byteByByte(bodyOf(`bytes-${n}`, 100_000)))
  })
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  const answers = await Promise.all(sockets.map(({ until }) => until('"last_updated_at"')))
  expect(answers.map((answer) => parseAnswer(answer).status)).toEqual([201, 201, 201, 201])
  const { input_data } = (await server.get('/runs/bytes-3?consistency=strong')).json()
  expect(input_data.x).toHaveLength(100_000)
})

test('lines that come byte by byte are lines, and the connection serves the next request', async () => {
  const socket = await openSocket(shared.current().port)
  const line = `${JSON.stringify({ command: 'create', run_id: 'line', policy_version_id: 'p', input_data: { x: 'x'.repeat(50_000) } })}\n`
  socket.send(COMMANDS + CHUNKED + byteByByte(line))
  await socket.until('"run_id":"line","revision":0}')
  socket.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(await socket.until('"up"')).toContain('HTTP/1.1 200')
})

/** A request that holds back its last bytes. */
const holdingBack = async ({ port }: TestServer, head: string, bytes: number): Promise<RawSocket> => {
  const socket = await openSocket(port)
  socket.send(`${head}Content-Length: ${bytes + 10}\r\n\r\n`)
  socket.send(Buffer.alloc(bytes, 0x20))
  return socket
}

test.each([
  ['bodies', POST],
  ['lines', COMMANDS],
])(
  '%s that hold back their end are turned away once they are too many; whole ones still get through',
  async (_what, head) => {
    const server = await serverForTest({ limits: { bytesUnderWay: 400_000 } })
    const holders: RawSocket[] = []
    while (holders.length < 10 && !holders.some((holder) => holder.received() !== '')) {
      holders.push(await holdingBack(server, head, 60_000))
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    }
    const refused = holders.find((holder) => holder.received() !== '')
    const answer = parseAnswer((await refused?.until('store-unavailable')) ?? '')
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(holders.length).toBeGreaterThan(3)
    expect((await server.post('/runs', { policy_version_id: 'p' })).statusCode).toBe(201)
    for (const { socket } of holders) socket.destroy()
    // Their bytes are free again once they are gone.
    await expect
      .poll(
        async () => {
          const again = await Promise.all([1, 2].map(() => holdingBack(server, head, 60_000)))
          await fetch(`${server.url}/healthz`)
          const refusals = again.filter((holder) => holder.received() !== '').length
          for (const { socket } of again) socket.destroy()
          return refusals
        },
        { timeout: 60_000 },
      )
      .toBe(0)
  },
)

test('answers that are not taken count, too: reads are turned away, and a command is answered', async () => {
  const server = await serverForTest({ limits: { bytesUnderWay: 5_000_000 } })
  await server.create({ run_id: 'large', input_data: { x: 'x'.repeat(900_000) } })
  const { socket, send, until } = await openSocket(server.port)
  socket.pause()
  send('GET /runs HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(40))
  send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect((await server.post('/runs', { policy_version_id: 'p' })).statusCode).toBe(201)
  socket.resume()
  const text = await until('/problems/not-found')
  expect(text.match(/HTTP\/1\.1 200/g)?.length).toBeGreaterThan(1)
  expect(text.match(/HTTP\/1\.1 503/g)?.length).toBeGreaterThan(1)
  // The bytes of those that nobody took are free again.
  const gone = await openSocket(server.port)
  gone.socket.pause()
  gone.send('GET /runs HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(40))
  await server.get('/healthz')
  gone.socket.destroy()
  const readAgain = async () =>
    (await Promise.all([1, 2, 3, 4].map(() => server.get('/runs')))).map((it) => it.statusCode)
  await expect.poll(readAgain, { timeout: 60_000 }).toEqual([200, 200, 200, 200])
})
