import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { serverForTest } from '../../support/network/http-server.ts'
import { openSocket } from '../../support/network/raw-socket.ts'

type Entry = Readonly<Record<string, unknown>>

/** A server with its log, read as what it is: lines of JSON. */
const serverWithLog = async (options: Parameters<typeof serverForTest>[0] = {}) => {
  const lines: string[] = []
  const logger = pino({ base: null }, { write: (line: string) => lines.push(line) })
  const server = await serverForTest({ ...options, logger })
  return { server, entries: () => lines.map((line) => JSON.parse(line) as Entry), text: () => lines.join('') }
}

test('a request is one line: what was asked, of which run, and how it ended; never its body', async () => {
  const { server, entries, text } = await serverWithLog()
  await server.post(
    '/runs',
    { run_id: 'logged', policy_version_id: 'p', input_data: { name: 'Jane Doe' } },
    { 'idempotency-key': 'k-1', 'x-correlation-id': 'c-1' },
  )
  await server.get('/runs/nobody?consistency=strong')
  await server.get('/nowhere')
  expect(entries()).toEqual([
    expect.objectContaining({
      level: 30,
      msg: 'request',
      method: 'POST',
      route: '/runs',
      status: 201,
      ms: expect.any(Number),
      request_id: expect.any(String),
      run_id: 'logged',
      command_id: 'k-1',
      correlation_id: 'c-1',
    }),
    expect.objectContaining({
      route: '/runs/:run_id',
      status: 404,
      run_id: 'nobody',
      problem: '/problems/run-not-found',
    }),
    expect.objectContaining({ route: '/nowhere', status: 404, problem: '/problems/not-found' }),
  ])
  expect(text()).not.toContain('Jane Doe')
  expect(text()).not.toContain('aborted')
})

test('a bug is logged with its stack, under the request id that the caller was given', async () => {
  const { server, entries } = await serverWithLog({
    ledger: (ledger) => ({ ...ledger, execute: () => () => Promise.reject(new Error('a bug')) }),
  })
  const answer = await server.post('/runs', { policy_version_id: 'p' })
  const { request_id } = answer.json()
  expect(entries()).toEqual([
    expect.objectContaining({
      level: 50,
      request_id,
      err: expect.objectContaining({ message: 'a bug', stack: expect.stringContaining('request-log.test') }),
    }),
    expect.objectContaining({ level: 50, request_id, status: 500 }),
  ])
})

test('the line is the one that pino would write, whatever stands in its values', async () => {
  const lines: string[] = []
  const logger = pino({ base: { name: 'ledger' }, timestamp: () => ',"time":1' }, { write: (line) => lines.push(line) })
  const server = await serverForTest({ logger })
  const key = 'a "key" with \\ in it'
  await server.post('/runs', { run_id: 'plain', policy_version_id: 'p' }, { 'idempotency-key': key })
  await server.get('/nowhere/%C3%A4?q="&r=\\')
  for (const line of lines.splice(0)) {
    const { level: _, time: __, name: ___, msg, ...fields } = JSON.parse(line)
    logger.info(fields, msg)
    expect(lines.pop()).toBe(line)
    if (fields.status === 201) expect(fields.command_id).toBe('a "key" with \\ in it')
  }
})

test('a client that left before its answer is logged as such', async () => {
  const { server, entries } = await serverWithLog()
  const socket = await openSocket(server.port)
  socket.send('POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{')
  await sleep(20)
  socket.socket.destroy()
  while (entries().length === 0) await sleep(5)
  expect(entries()).toEqual([expect.objectContaining({ aborted: true, route: '/runs' })])
})
