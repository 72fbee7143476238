import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { HttpLimits } from '../../../src/http/request/limits.ts'
import type { ReadModel } from '../../../src/read-model/read-model.ts'
import { serverForTest, startServer, type TestServer } from '../../support/network/http-server.ts'

const RUNS = 24
// Far more than the sockets of both sides take by themselves.
const TEXT = 'x'.repeat(400_000)

let directory = ''

/** 19 MB of Entries, for a server of each test. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'run-ledger-streams-'))
  const server = await startServer({ directory })
  for (let n = 0; n < RUNS; n += 1) await server.create({ input_data: { text: TEXT } })
  await server.close()
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

type Filled = TestServer & Readonly<{ pages: () => number }>

/** A server that counts the pages that are read of the audit trail. */
const filled = async (limits: Partial<HttpLimits> = {}): Promise<Filled> => {
  let pages = 0
  const counting = (readModel: ReadModel): ReadModel => ({
    ...readModel,
    listEntries: (query) => {
      pages += 1
      return readModel.listEntries(query)
    },
  })
  const server = await serverForTest({ directory, limits, readModel: counting })
  return { ...server, pages: () => pages }
}

/** A client that asks for everything and takes no more of it than `take` lets it. */
const reader = (server: TestServer, query = 'format=ndjson&sort=position') => {
  const socket: Socket = connect({ port: server.port, host: '127.0.0.1' })
  onTestFinished(() => {
    socket.destroy()
  })
  socket.on('error', () => undefined)
  const parts: string[] = []
  socket.on('data', (bytes) => parts.push(bytes.toString('latin1')))
  socket.pause()
  socket.write(`GET /audit?${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return {
    socket,
    /** Takes what comes until the answer ends or breaks off. */
    rest: async (): Promise<string> => {
      socket.resume()
      await Promise.race([closed, vi.waitUntil(() => parts.at(-1)?.endsWith(LAST_CHUNK), { timeout: 20_000 })])
      return parts.join('')
    },
  }
}

// RFC 9112, section 7.1: a chunked body without it is not whole.
const LAST_CHUNK = '0\r\n\r\n'

const entriesIn = (answer: string): number => answer.split('"event_id"').length - 1

const statusOf = async (server: TestServer): Promise<number> =>
  (await fetch(`${server.url}/audit?format=csv&actor=nobody`)).status

/** Until no more pages are read: the reader takes nothing, and what lies between is full. */
const stalled = async ({ pages }: Filled): Promise<number> => {
  for (let before = 0; ; ) {
    await sleep(100)
    if (pages() > 0 && pages() === before) return before
    before = pages()
  }
}

test('a stream follows its reader: who stops taking is waited for, and gets the rest when he goes on', async () => {
  const server = await filled()
  const slow = reader(server)
  const readAhead = await stalled(server)
  // Others are not kept waiting.
  expect((await server.get('/audit?limit=1')).statusCode).toBe(200)
  const answer = await slow.rest()
  expect(answer.endsWith(LAST_CHUNK)).toBe(true)
  expect(entriesIn(answer)).toBe(RUNS)
  expect(server.pages() - 1).toBeGreaterThan(readAhead)
})

test('as many streams run at once as may: others are told to come later', async () => {
  const server = await filled({ auditStreams: 1 })
  const first = reader(server)
  await stalled(server)
  const refused = await fetch(`${server.url}/audit?format=ndjson`)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('10')
  expect(await refused.json()).toMatchObject({ type: '/problems/too-many-streams' })
  expect((await server.get('/audit?limit=1')).statusCode).toBe(200)
  await first.rest()
  expect(await statusOf(server)).toBe(200)
})

test('a client that goes is noticed: no more is read for it', async () => {
  const server = await filled({ auditStreams: 1 })
  const leaving = reader(server)
  const readAhead = await stalled(server)
  expect(await statusOf(server)).toBe(503)
  leaving.socket.destroy()
  await vi.waitUntil(async () => (await statusOf(server)) === 200, { timeout: 10_000 })
  expect(server.pages() - readAhead).toBeLessThanOrEqual(2)
})

test('a reader that takes nothing for long is cut', async () => {
  const server = await filled({ auditStreams: 1, idleTimeout: 300 })
  const stuck = reader(server)
  await stalled(server)
  await vi.waitUntil(async () => (await statusOf(server)) === 200, { timeout: 10_000 })
  const answer = await stuck.rest()
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer.endsWith(LAST_CHUNK)).toBe(false)
  expect(entriesIn(answer)).toBeLessThan(RUNS)
})

test.each(['ndjson', 'csv', 'cloudevents'])('a stream of %s that fails midway is cut, never ended', async (format) => {
  const server = await filled({ auditStreams: 1 })
  const robbed = reader(server, `format=${format}`)
  await stalled(server)
  // Under the feet of the stream: its next page cannot be read.
  await server.readModel.close()
  const answer = await robbed.rest()
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer.endsWith(LAST_CHUNK)).toBe(false)
})

test('a stream that fails before it begins is refused as any read', async () => {
  const server = await filled()
  await server.readModel.close()
  const answer = await fetch(`${server.url}/audit?format=csv`)
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ type: '/problems/store-unavailable' })
})

test('a stream holds what stood at the position in its header, and nothing that came while it was read', async () => {
  const server = await filled()
  const slow = reader(server)
  await stalled(server)
  await server.create({ run_id: 'later' })
  const answer = await slow.rest()
  expect(answer).toContain(`run-ledger-position: ${String(RUNS).padStart(20, '0')}`)
  expect(entriesIn(answer)).toBe(RUNS)
  expect(answer).not.toContain('"later"')
})
