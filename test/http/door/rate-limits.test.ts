import fastify from 'fastify'
import { expect, test } from 'vitest'
import type { FailedCredentials } from '../../../src/http/door/door.ts'
import { limitRates } from '../../../src/http/door/rate-limits.ts'
import type { App } from '../../../src/http/server-parts.ts'
import { serverForTest } from '../../support/network/http-server.ts'

const CREATE = '{"command":"create","policy_version_id":"p"}\n'
const NDJSON = { 'content-type': 'application/x-ndjson' }

test('more requests than the limit are 429, with Retry-After and the RateLimit fields', async () => {
  const server = await serverForTest({ door: { requestsPerSecond: 3 } })
  const answers = await Promise.all(Array.from({ length: 12 }, () => server.get('/runs')))
  const allowed = answers.filter(({ statusCode }) => statusCode === 200)
  const refused = answers.filter(({ statusCode }) => statusCode === 429)
  expect(allowed.length + refused.length).toBe(12)
  expect(allowed.length).toBeGreaterThanOrEqual(3)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.headers).toMatchObject({
    'retry-after': '1',
    'ratelimit-limit': '3',
    'ratelimit-remaining': '0',
    'ratelimit-reset': '1',
    'content-type': 'application/problem+json',
  })
  expect(refused[0]?.json()).toMatchObject({ type: '/problems/too-many-requests', status: 429 })
  await expect.poll(async () => (await server.get('/runs')).statusCode, { timeout: 60_000 }).toBe(200)
})

test('health, pages and problems have no limit', async () => {
  const server = await serverForTest({ door: { requestsPerSecond: 1 } })
  for (const url of ['/healthz', '/healthz', '/healthz', '/readyz', '/problems/invalid'])
    expect((await server.get(url)).statusCode).toBe(200)
})

test('a line of a batch counts as one: what is beyond the limit ends it, and was not executed', async () => {
  const server = await serverForTest({ door: { requestsPerSecond: 5 } })
  const answer = await server.post('/commands', CREATE.repeat(40), NDJSON)
  expect(answer.statusCode).toBe(200)
  const lines = answer.body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const last = lines.pop()
  expect(lines.every(({ ok }) => ok)).toBe(true)
  expect(lines.length % 5).toBe(0)
  expect(last).toMatchObject({ line: lines.length + 1, ok: false, problem: { status: 429 } })
  const page = await server.get('/healthz')
  expect(page.statusCode).toBe(200)
  const head = await server.store.headPosition()()
  expect(head).toMatchObject({ right: String(lines.length).padStart(20, '0') })

  await expect
    .poll(async () => (await server.post('/commands', CREATE, NDJSON)).statusCode, { timeout: 60_000 })
    .toBe(200)
})

test('a batch of which no line is admitted is 429 as a whole', async () => {
  const server = await serverForTest({ door: { requestsPerSecond: 1 } })
  const refused = async () => {
    const answer = await server.post('/commands', CREATE, NDJSON)
    return answer.statusCode === 429 ? answer.headers : null
  }
  await expect.poll(refused, { timeout: 60_000 }).toMatchObject({ 'retry-after': '1', 'ratelimit-limit': '1' })
})

/** A server whose only route takes no credentials that are not `right`. */
const doorkeeper = async () => {
  const app = fastify({ trustProxy: ['127.0.0.0/8'] })
  let checked = 0
  const { failedCredentials } = await limitRates(app as unknown as App, null)
  const decide = async (credentials: FailedCredentials, header: string | undefined, ...[request, reply]: never[]) => {
    const refused = await credentials.refusalOf(request as never, reply as never)
    if (refused !== null) return refused.status
    checked += 1
    if (header === 'right') return 200
    await credentials.note(request as never)
    return 401
  }
  app.get('/', async (request, reply) => {
    const status = await decide(failedCredentials, request.headers.authorization, ...([request, reply] as never[]))
    return reply.code(status).send('')
  })
  const ask = (from: string, authorization: string) =>
    app.inject({ url: '/', headers: { authorization, 'x-forwarded-for': from } })
  return { ask, checked: () => checked }
}

test('an address whose credentials keep failing is refused before they are looked at, of IPv6 its whole /64', async () => {
  const { ask, checked } = await doorkeeper()
  for (let tries = 0; tries < 20; tries += 1) expect((await ask(`2001:db8::${tries}`, 'wrong')).statusCode).toBe(401)
  const before = checked()
  const refused = await ask('2001:db8::ffff', 'right')
  expect(refused.statusCode).toBe(429)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect(checked()).toBe(before)
  expect((await ask('2001:db8:0:1::1', 'right')).statusCode).toBe(200)
  expect((await ask('203.0.113.7', 'right')).statusCode).toBe(200)
})

test('credentials that are valid never count, and loopback has no such limit', async () => {
  const { ask } = await doorkeeper()
  for (let tries = 0; tries < 40; tries += 1) {
    expect((await ask('203.0.113.7', 'right')).statusCode).toBe(200)
    expect((await ask('127.0.0.1', 'wrong')).statusCode).toBe(401)
  }
})
