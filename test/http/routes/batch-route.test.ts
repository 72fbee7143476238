import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LineAnswer } from '../../../src/api/answers.ts'
import { commandIdOfRequestLine } from '../../../src/run/ids.ts'
import { type Headers, serverForAll, serverForTest, type TestServer } from '../../support/network/http-server.ts'
import { openSocket, parseAnswer } from '../../support/network/raw-socket.ts'
import { eventsOf } from '../../support/stores.ts'

const server = serverForAll()
const NDJSON = { 'content-type': 'application/x-ndjson' }

const send = (to: TestServer, body: string | Buffer, headers: Headers = {}) =>
  to.post('/commands', body, { ...NDJSON, ...headers })

const answersIn = (text: string): LineAnswer[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => LineAnswer.parse(JSON.parse(line)))

const create = (run_id: string, more: object = {}) =>
  JSON.stringify({ command: 'create', run_id, policy_version_id: 'policy-1', ...more })

test('each line is answered in its order, and one bad line harms no other', async () => {
  const answer = await send(
    server.current(),
    [
      create('batch-a'),
      '{"command":"start","run_id":"batch-a"}',
      '{"command":"start"',
      '',
      '{"command":"start","run_id":"batch-none"}',
      '{"command":"stop","run_id":"batch-a"}',
      '{"command":"change_status","run_id":"batch-a","status":"IN_REVIEW","extra":1}',
      '[]',
      '{"command":"start","run_id":"batch-a","reason":"\\ud800"}',
      '{"command":"complete","run_id":"batch-a","status":"SUCCESS","result":"APPROVED"}\r',
      create('batch-b'),
    ].join('\n'),
  )
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-type']).toBe('application/x-ndjson')
  expect(
    answersIn(answer.body).map((line) =>
      line.ok ? [line.line, line.run_id, line.revision] : [line.line, line.problem.type],
    ),
  ).toEqual([
    [1, 'batch-a', 0],
    [2, 'batch-a', 1],
    [3, '/problems/malformed-json'],
    [5, '/problems/run-not-found'],
    [6, '/problems/invalid'],
    [7, '/problems/invalid'],
    [8, '/problems/invalid'],
    [9, '/problems/not-i-json'],
    [10, 'batch-a', 2],
    [11, 'batch-b', 0],
  ])
})

test('with a key, lines without an id get one of the key and their number, so that all of it can be repeated', async () => {
  const lines = `{"command":"create","policy_version_id":"policy-1"}\n${create('keyed', { command_id: 'own' })}`
  const first = answersIn((await send(server.current(), lines, { 'idempotency-key': 'batch-key' })).body)
  const again = answersIn((await send(server.current(), lines, { 'idempotency-key': '"batch-key"' })).body)
  expect(first).toEqual([expect.objectContaining({ repeated: false }), expect.objectContaining({ repeated: false })])
  expect(again).toEqual(first.map((line) => ({ ...line, repeated: true })))
  const made = first[0]?.ok ? first[0].run_id : ''
  expect((await eventsOf(server.current().store, made)).map(({ metadata }) => JSON.parse(metadata).command_id)).toEqual(
    [commandIdOfRequestLine('batch-key', 1)],
  )
})

test('a line names its own actor, else the request does; the correlation id is that of the request', async () => {
  const lines = `${create('acted-1', { actor: 'carol' })}\n${create('acted-2')}`
  await send(server.current(), lines, { 'run-ledger-actor': 'bob', 'x-correlation-id': 'batch-7' })
  const metadata = async (run_id: string) =>
    JSON.parse((await eventsOf(server.current().store, run_id))[0]?.metadata ?? '{}')
  expect(await metadata('acted-1')).toMatchObject({ actor: 'carol', $correlationId: 'batch-7' })
  expect(await metadata('acted-2')).toMatchObject({ actor: 'bob', $correlationId: 'batch-7' })
})

test('no lines are answered with none', async () => {
  for (const body of ['', '\n \n'])
    expect(await send(server.current(), body)).toMatchObject({ statusCode: 200, body: '' })
})

test('one JSON command is refused: this route takes lines', async () => {
  const answer = await server.current().post('/commands', { command: 'create', policy_version_id: 'p' })
  expect(answer.json().type).toBe('/problems/unsupported-media-type')
})

test('a line that is too long is refused alone, without being held', async () => {
  const long = create('long', { input_data: { x: 'x'.repeat(1_048_576) } })
  const answers = answersIn((await send(server.current(), `${long}\n${create('after-long')}`)).body)
  expect(answers).toMatchObject([
    { line: 1, ok: false, problem: { type: '/problems/body-too-large' } },
    { line: 2, ok: true, run_id: 'after-long' },
  ])
})

test('lines beyond the most are refused with a last line; those before are done', async () => {
  const small = await serverForTest({ limits: { batchLines: 3 } })
  const answers = answersIn((await send(small, [1, 2, 3, 4, 5].map((n) => create(`line-${n}`)).join('\n'))).body)
  expect(answers).toMatchObject([
    { line: 1, ok: true },
    { line: 2, ok: true },
    { line: 3, ok: true },
    { line: 4, ok: false, problem: { type: '/problems/body-too-large' } },
  ])
  expect(await eventsOf(small.store, 'line-4')).toEqual([])
})

test('more bytes than are taken are refused at once where their number is known', async () => {
  const small = await serverForTest({ limits: { batchBytes: 200 } })
  const answer = await send(small, [1, 2, 3, 4, 5].map((n) => create(`byte-${n}`)).join('\n'))
  expect(answer.statusCode).toBe(413)
  expect(await eventsOf(small.store, 'byte-1')).toEqual([])
})

test('more bytes than are taken end a stream with a last line', async () => {
  const small = await serverForTest({ limits: { batchBytes: 150 } })
  const socket = await chunkedBatch(small)
  socket.chunk(`${create('stream-1')}\n`)
  await socket.until('"line":1')
  socket.chunk(`${create('stream-2')}\n${create('stream-3')}\n`)
  const text = await socket.until('body-too-large')
  expect(text).toContain('"line":3,"ok":true')
  expect(text).toContain('{"line":4,"ok":false')
})

test('lines are answered while the rest has not been sent yet', async () => {
  const socket = await chunkedBatch(server.current())
  socket.chunk(`${create('early-1')}\n{"command":"sta`)
  const first = await socket.until('"line":1')
  expect(first).not.toContain('"line":2')
  socket.chunk('rt","run_id":"early-1"}')
  socket.send('0\r\n\r\n')
  expect(await socket.until('0\r\n\r\n')).toContain(
    '"line":2,"ok":true,"repeated":false,"run_id":"early-1","revision":1',
  )
})

test('a request whose lines stop coming ends with a problem in its last line', async () => {
  const hasty = await serverForTest({ limits: { requestTimeout: 300, headersTimeout: 300 } })
  const socket = await chunkedBatch(hasty)
  socket.chunk(`${create('late-1')}\n{"command":`)
  const text = await socket.closed()
  expect(text).toContain('"line":1,"ok":true')
  expect(text).toContain('{"line":2,"ok":false,"problem":{"type":"/problems/request-timeout"')
  expect(text.endsWith('0\r\n\r\n')).toBe(true)
})

test('a request of which no line ever ends is 408, and the log is as it was', async () => {
  const hasty = await serverForTest({ limits: { requestTimeout: 200, headersTimeout: 200 } })
  const before = await hasty.store.headPosition()()
  const socket = await chunkedBatch(hasty)
  socket.chunk('{"command":"create",')
  const answer = parseAnswer(await socket.closed())
  expect(answer.status).toBe(408)
  expect(JSON.parse(answer.body).type).toBe('/problems/request-timeout')
  expect(await hasty.store.headPosition()()).toEqual(before)
})

test('a client that does not read its answers is not read from, and gets all of them in the end', async () => {
  const socket = await chunkedBatch(server.current())
  socket.socket.pause()
  const lines = 9_000
  // Refused lines have long answers: far more than the buffers of a connection hold.
  const line = `${JSON.stringify({ command: 'start', run_id: 'nobody', ...unknownFields(40) })}\n`
  const all = Buffer.from(line.repeat(lines))
  socket.send(`${all.length.toString(16)}\r\n`)
  socket.send(all)
  socket.send('\r\n0\r\n\r\n')
  let waiting = Number.POSITIVE_INFINITY
  while (socket.socket.writableLength < waiting) {
    waiting = socket.socket.writableLength
    await sleep(200)
  }
  expect(waiting).toBeGreaterThan(0)
  socket.socket.resume()
  expect((await socket.until('0\r\n\r\n')).match(/\{"line":/g)).toHaveLength(lines)
})

test('a client that leaves has its whole lines done, and no half one', async () => {
  const socket = await chunkedBatch(server.current())
  socket.chunk(`${create('left-1')}\n${create('left-2').slice(0, -1)}`)
  await socket.until('"line":1')
  socket.socket.destroy()
  await sleep(50)
  expect(await eventsOf(server.current().store, 'left-1')).toHaveLength(1)
  expect(await eventsOf(server.current().store, 'left-2')).toHaveLength(0)
  expect((await server.current().get('/healthz')).statusCode).toBe(200)
})

test('a batch that breaks inside is cut, never ended cleanly', async () => {
  const breaking = await serverForTest({
    ledger: (ledger) => ({
      ...ledger,
      executeBatch: (commands) =>
        commands.some(({ run_id }) => run_id === 'bug')
          ? Promise.reject(new Error('bug'))
          : ledger.executeBatch(commands),
    }),
  })
  const socket = await chunkedBatch(breaking)
  socket.chunk(`${create('before-bug')}\n`)
  await socket.until('"line":1')
  socket.chunk(`${create('bug')}\n`)
  const text = await socket.closed()
  expect(text).toContain('"line":1')
  expect(text.endsWith('0\r\n\r\n')).toBe(false)
})

const unknownFields = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`unknown_${n}`, n]))

const chunkedBatch = async ({ port }: TestServer) => {
  const socket = await openSocket(port)
  socket.send(
    'POST /commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n',
  )
  return {
    ...socket,
    chunk: (text: string) => socket.send(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`),
  }
}
