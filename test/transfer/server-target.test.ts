/**
 * The sending of lines, against a server that fails on purpose: a real one loses answers only by accident. What a real
 * server answers is tested where the whole program is.
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { right } from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test } from 'vitest'
import { commandIdOfFileLine } from '../../src/run/ids.ts'
import { projectedBy, serverTarget } from '../../src/transfer/server-target.ts'

const BRIEFLY = { policy: { giveUpAfter: 100, minDelay: 1, maxDelay: 5 } }

type Reply = (response: ServerResponse, lines: readonly string[]) => void

/** A server that gives one reply a request, in their order, and the bodies that it got. */
const serverOf = async (...replies: readonly Reply[]) => {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const body = (await buffer(request)).toString()
    bodies.push(body)
    replies[Math.min(bodies.length, replies.length) - 1]?.(response, body.trimEnd().split('\n'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return { url: new URL(`http://127.0.0.1:${port}/`), bodies }
}

const accepted = (line: number) => JSON.stringify({ line, ok: true, repeated: false, run_id: 'r', revision: 0 })
const repeated = (line: number) => JSON.stringify({ line, ok: true, repeated: true, run_id: 'r', revision: 0 })
const refused = (line: number, status: number) =>
  JSON.stringify({ line, ok: false, problem: { type: '/problems/x', title: 'X', status, detail: 'why' } })

const answer =
  (answers: readonly ((line: number) => string)[], cut = 0): Reply =>
  (response) => {
    const text = answers.map((one, index) => `${one(index + 1)}\n`).join('')
    response.end(text.slice(0, text.length - cut))
  }
const busy: Reply = (response) => response.writeHead(503, { 'retry-after': '0' }).end()
const hangUp: Reply = (response) => response.destroy()

const LINES = ['{"command":"start","run_id":"a"}', '{"command":"start","run_id":"b"}'].map((line) => Buffer.from(line))
const OK = answer([accepted, accepted])

test('each line goes out with a command id, made as an import of the file makes it', async () => {
  const { url, bodies } = await serverOf(answer(Array.from({ length: 6 }, () => accepted)))
  const target = serverTarget(url, BRIEFLY)
  const lines = [
    '{"command":"start","run_id":"a"}',
    '{"command":"start","run_id":"a","occurred_at":"2026-01-05T10:00:00Z"}',
    '{"command":"start","command_id":"mine"}',
    '{"command":"start","command_id":null, "occurred_at":null }',
    '{ }',
    '["no","object"]',
  ].map((line) => Buffer.from(line))
  const items = lines.map((line, index) => target.prepare(line, index + 1))
  expect(items.map(({ _tag }) => _tag)).toEqual(Array(6).fill('Right'))
  await target.take(items.flatMap((item) => (item._tag === 'Right' ? [item.right] : [])))
  const idOf = (index: number, line?: number) => commandIdOfFileLine(lines[index] ?? Buffer.alloc(0), line)
  expect(
    bodies[0]
      ?.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { command: 'start', run_id: 'a', command_id: idOf(0, 1) },
    { command: 'start', run_id: 'a', occurred_at: '2026-01-05T10:00:00Z', command_id: idOf(1) },
    { command: 'start', command_id: 'mine' },
    { command: 'start', command_id: idOf(3, 4), occurred_at: null },
    { command_id: idOf(4, 5) },
    ['no', 'object'],
  ])
})

test.each([
  ['{"a":', 'malformed-json'],
  ['{"a":9007199254740993}', 'not-i-json'],
])('%s is refused before it is sent', async (line, slug) => {
  const target = serverTarget(new URL('http://127.0.0.1:1/'), BRIEFLY)
  expect(target.prepare(Buffer.from(line), 1)).toMatchObject({ left: { type: `/problems/${slug}` } })
})

test.each([
  ['answers that it is busy', busy],
  ['hangs up', hangUp],
  ['cuts its answer between lines', answer([accepted])],
  ['cuts its answer inside a line', answer([accepted, accepted], 1)],
  ['cannot say of one line whether it is stored', answer([accepted, (line) => refused(line, 503)])],
])('a server that %s gets the same request again', async (_what, failure) => {
  const { url, bodies } = await serverOf(failure, OK)
  expect(await serverTarget(url, BRIEFLY).take(LINES)).toEqual({ _tag: 'Right', right: ['accepted', 'accepted'] })
  expect(bodies).toHaveLength(2)
  expect(bodies[1]).toBe(bodies[0])
})

test('a line that was accepted once stays accepted when a repeat of the request finds it stored', async () => {
  const half = answer([accepted, (line) => refused(line, 503)])
  const { url } = await serverOf(half, answer([repeated, repeated]))
  expect(await serverTarget(url, BRIEFLY).take(LINES)).toEqual({ _tag: 'Right', right: ['accepted', 'repeated'] })
})

test('a refused line is answered with its problem and sent once', async () => {
  const { url, bodies } = await serverOf(answer([(line) => refused(line, 409), accepted]))
  expect(await serverTarget(url, BRIEFLY).take(LINES)).toMatchObject({ right: [{ status: 409 }, 'accepted'] })
  expect(bodies).toHaveLength(1)
})

test('a server that stays busy is given up when the retries end', async () => {
  const { url, bodies } = await serverOf(busy)
  expect(await serverTarget(url, BRIEFLY).take(LINES)).toMatchObject({
    left: { _tag: 'TargetLost', detail: `${url.href}commands answered 503` },
  })
  expect(bodies.length).toBeGreaterThan(1)
})

test('a server that is silent is told of once, and so is its answer', async () => {
  const { url } = await serverOf(busy, hangUp, busy, OK)
  const told: (string | null)[] = []
  const target = serverTarget(url, {
    policy: { ...BRIEFLY.policy, giveUpAfter: 60_000 },
    onOutage: (why) => told.push(why),
  })
  await target.take(LINES)
  expect(told).toEqual([`${url.href}commands answered 503`, null])
})

test('a signal ends the sending to a server that stays busy, and the wait for one that never answers', async () => {
  const patient = { ...BRIEFLY.policy, giveUpAfter: 600_000 }
  const stop = new AbortController()
  const signals = { policy: patient, signal: stop.signal, onOutage: () => stop.abort() }
  const { url } = await serverOf(busy)
  expect(await serverTarget(url, signals).take(LINES)).toMatchObject({ left: { _tag: 'TargetLost' } })
  const silent = await serverOf(() => undefined)
  expect(await serverTarget(silent.url, signals).take(LINES)).toMatchObject({ left: { _tag: 'TargetLost' } })
})

test('what is no run-ledger server is given up at once', async () => {
  const { url, bodies } = await serverOf((response) => response.writeHead(404).end())
  expect(await serverTarget(url, BRIEFLY).take(LINES)).toMatchObject({
    left: { detail: `${url.href}commands answered 404` },
  })
  expect(bodies).toHaveLength(1)
})

test('a server that is not there is named', async () => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as { port: number }
  closed.close()
  expect(await serverTarget(new URL(`http://127.0.0.1:${port}/`), BRIEFLY).take(LINES)).toMatchObject({
    left: { _tag: 'TargetLost', detail: `http://127.0.0.1:${port} does not answer (ECONNREFUSED)` },
  })
})

const projections =
  (lag_seconds: number | null, caught_up = false): Reply =>
  (response) =>
    response.end(JSON.stringify({ data: [{ caught_up, lag_seconds }] }))

test('what was sent is projected once nothing recorded before is waiting, also while others go on writing', async () => {
  const { url, bodies } = await serverOf(busy, projections(10), projections(0.001))
  expect(await projectedBy(url, BRIEFLY)()).toMatchObject({ _tag: 'Right' })
  expect(bodies).toHaveLength(3)
  const idle = await serverOf(projections(0, true))
  expect(await projectedBy(idle.url, BRIEFLY)()).toMatchObject({ _tag: 'Right' })
})

test('a server that cannot tell how far it is, is given up when the retries end', async () => {
  const { url } = await serverOf(projections(null))
  expect(await projectedBy(url, BRIEFLY)()).toMatchObject({ left: { _tag: 'TargetLost' } })
})

test('a rate limit in the middle of a request is waited for, and only the lines that were not executed are sent again', async () => {
  const tooMany = (line: number) => refused(line, 429)
  const { url, bodies } = await serverOf(answer([accepted, tooMany]), answer([accepted]))
  const taken = await serverTarget(url, { policy: { ...BRIEFLY.policy, giveUpAfter: 60_000 } }).take(LINES)
  expect(taken).toEqual(right(['accepted', 'accepted']))
  expect(bodies.map((body) => body.trimEnd().split('\n').length)).toEqual([2, 1])
})
