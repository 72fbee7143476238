import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { issueIn, revokeIn, withKeys } from '../../support/access/keys.ts'
import { serverForTest, type TestServer } from '../../support/network/http-server.ts'
import { eventsOf } from '../../support/stores.ts'

const closedServer = async () => {
  const server = await serverForTest({ access: withKeys() })
  const admin = await issueIn(server.store, ['admin'])
  return { server, admin }
}

const problemOf = (answer: { body: string }) => JSON.parse(answer.body).type

/** Polls until `is` holds. */
const until = async (is: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await is())) await sleep(10)
}

const isClosed = (server: TestServer) => until(async () => (await server.get('/runs')).statusCode === 401)

test('a server is open until the first key is issued, and closed from then on, its open streams too', async () => {
  const server = await serverForTest({ access: withKeys() })
  expect((await server.get('/runs')).statusCode).toBe(200)
  const stream = await fetch(`${server.url}/stream`)
  expect(stream.status).toBe(200)
  await issueIn(server.store, ['admin'])
  await expect(stream.text()).rejects.toThrow()
  expect((await server.get('/runs')).statusCode).toBe(401)
})

test('an open server cannot be taken over: it issues no key to anybody', async () => {
  const server = await serverForTest({ access: withKeys() })
  const body = { name: 'mallory', roles: ['admin'] }
  expect(await server.post('/keys', body)).toMatchObject({ statusCode: 403 })
  expect(await server.get('/keys')).toMatchObject({ statusCode: 403 })
  await issueIn(server.store, ['admin'])
  await isClosed(server)
  expect(await server.post('/keys', body)).toMatchObject({ statusCode: 403 })
})

test('the first key must be an admin’s', async () => {
  const { store } = await serverForTest()
  await expect(issueIn(store, ['writer'])).rejects.toThrow('must hold admin')
})

test('an admin issues, lists and revokes keys; the key is shown once and never stored', async () => {
  const { server, admin } = await closedServer()
  await isClosed(server)
  const expires_at = new Date(Date.now() + 86_400_000).toISOString()
  const issued = await server.post(
    '/keys',
    { name: 'scoring', roles: ['writer'], act_as: 'user:*', expires_at },
    admin.bearer,
  )
  expect(issued.statusCode).toBe(201)
  const { key, ...shown } = issued.json()
  expect(shown).toMatchObject({
    name: 'scoring',
    principal: 'key:scoring',
    roles: ['writer'],
    act_as: 'user:*',
    status: 'valid',
    expires_at,
    issued_by: 'key:admin',
    revoked_at: null,
  })
  expect(issued.headers['location']).toBe(`/keys/${shown.key_id}`)
  const listed = await server.get('/keys', admin.bearer)
  expect(listed.json().data).toMatchObject([{ name: 'admin' }, shown])
  const secret = key.split('_').slice(2).join('_')
  expect(listed.body).not.toContain(secret)
  const stored = await server.store.access.read({ from: 0, direction: 'forward', limit: 10 })()
  expect(JSON.stringify(stored)).not.toContain(secret)

  const bearer = { authorization: `Bearer ${key}` }
  expect((await server.post('/runs', { policy_version_id: 'p' }, bearer)).statusCode).toBe(201)
  const revoked = await server.app.inject({ method: 'DELETE', url: `/keys/${shown.key_id}`, headers: admin.bearer })
  expect(revoked.json()).toMatchObject({ status: 'revoked', revoked_by: 'key:admin' })
  expect((await server.post('/runs', { policy_version_id: 'p' }, bearer)).statusCode).toBe(401)
  expect(
    (await server.app.inject({ method: 'DELETE', url: '/keys/0000000000000000', headers: admin.bearer })).statusCode,
  ).toBe(404)
})

test('a name is never given to another owner; a successor names the key that it takes over from', async () => {
  const { server, admin } = await closedServer()
  await isClosed(server)
  const first = (await server.post('/keys', { name: 'scoring', roles: ['writer'] }, admin.bearer)).json()
  const again = await server.post('/keys', { name: 'scoring', roles: ['writer'] }, admin.bearer)
  expect([again.statusCode, problemOf(again)]).toEqual([409, '/problems/key-name-used'])
  const successor = { name: 'scoring', roles: ['writer'], succeeds: first.key_id }
  expect((await server.post('/keys', successor, admin.bearer)).statusCode).toBe(201)
  expect((await server.post('/keys', { ...successor, name: 'other' }, admin.bearer)).statusCode).toBe(422)
})

test.each([
  [{ expires_at: '2020-01-01T00:00:00Z' }, '/expires_at'],
  [{ expires_at: new Date(Date.now() + 366 * 86_400_000).toISOString() }, '/expires_at'],
  [{ roles: [] }, '/roles'],
  [{ roles: ['root'] }, '/roles/0'],
  [{ name: 'a b' }, '/name'],
])('a key with %j is refused', async (wrong, pointer) => {
  const { server, admin } = await closedServer()
  await isClosed(server)
  const answer = await server.post('/keys', { name: 'x', roles: ['reader'], ...wrong }, admin.bearer)
  expect(answer.statusCode).toBe(422)
  expect(answer.json().errors).toMatchObject([{ pointer }])
})

test('the last valid admin’s key cannot be revoked, another one can', async () => {
  const { server, admin } = await closedServer()
  const expired = new Date(Date.now() - 2 * 86_400_000).toISOString()
  await issueIn(
    server.store,
    ['admin'],
    { name: 'old', expires_at: new Date(Date.now() - 1).toISOString() },
    () => expired,
  )
  const revoke = (key_id: string) =>
    server.app.inject({ method: 'DELETE', url: `/keys/${key_id}`, headers: admin.bearer })
  await isClosed(server)
  const last = await revoke(admin.key_id)
  expect([last.statusCode, problemOf(last)]).toEqual([409, '/problems/last-admin'])
  await issueIn(server.store, ['admin'], { name: 'second' })
  expect((await revoke(admin.key_id)).statusCode).toBe(200)
  expect((await revoke(admin.key_id)).statusCode).toBe(401)
})

test('commands are recorded under the principal; another actor needs a pattern that matches it', async () => {
  const { server } = await closedServer()
  const key = await issueIn(server.store, ['writer'], { name: 'scoring', act_as: 'user:*@bank' })
  await isClosed(server)
  const create = (run_id: string, headers = {}) =>
    server.post('/runs', { run_id, policy_version_id: 'p' }, { ...key.bearer, ...headers })
  expect((await create('a')).statusCode).toBe(201)
  expect((await create('b', { 'run-ledger-actor': 'user:ann@bank' })).statusCode).toBe(201)
  expect((await create('c', { 'run-ledger-actor': 'user:ann@other' })).statusCode).toBe(403)
  expect((await create('d', { 'run-ledger-actor': 'key:scoring' })).statusCode).toBe(201)
  const recorded = async (run_id: string) =>
    (await eventsOf(server.store, run_id)).map(({ metadata }) => {
      const { actor, recorded_by } = JSON.parse(metadata)
      return { actor, recorded_by }
    })
  const recorded_by = { principal: 'key:scoring', via: 'http' }
  expect(await recorded('a')).toEqual([{ actor: 'key:scoring', recorded_by }])
  expect(await recorded('b')).toEqual([{ actor: 'user:ann@bank', recorded_by }])
  expect(await recorded('c')).toEqual([])
  expect(await recorded('d')).toEqual([{ actor: 'key:scoring', recorded_by }])
})

test('of a batch, only the lines with a foreign actor are refused; a foreign actor of the request refuses all', async () => {
  const { server } = await closedServer()
  const key = await issueIn(server.store, ['writer'], { name: 'scoring', act_as: 'ann' })
  await isClosed(server)
  const lines = ['ann', 'bob', undefined]
    .map((actor, n) => JSON.stringify({ command: 'create', run_id: `run${n}`, policy_version_id: 'p', actor }))
    .join('\n')
  const send = (headers = {}) =>
    server.post('/commands', lines, { 'content-type': 'application/x-ndjson', ...key.bearer, ...headers })
  const answered = (await send()).body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(answered).toMatchObject([
    { ok: true },
    { ok: false, problem: { type: '/problems/forbidden' } },
    { ok: true, run_id: 'run2' },
  ])
  expect((await send({ 'run-ledger-actor': 'bob' })).statusCode).toBe(403)
})

test('an idempotency key belongs to its principal: another one’s makes another run', async () => {
  const { server } = await closedServer()
  const [one, other] = [
    await issueIn(server.store, ['writer'], { name: 'one' }),
    await issueIn(server.store, ['writer'], { name: 'other' }),
  ]
  await isClosed(server)
  const create = async ({ bearer }: typeof one) =>
    (await server.post('/runs', { policy_version_id: 'p' }, { ...bearer, 'idempotency-key': 'k' })).json().run_id
  const first = await create(one)
  expect(await create(one)).toBe(first)
  expect(await create(other)).not.toBe(first)
})

test('a stream ends when its key is revoked, and when it expires', async () => {
  const { server } = await closedServer()
  const soon = new Date(Date.now() + 1_500).toISOString()
  const [revoked, expiring] = [
    await issueIn(server.store, ['reader'], { name: 'revoked' }),
    await issueIn(server.store, ['reader'], { name: 'expiring', expires_at: soon }),
  ]
  await isClosed(server)
  const open = (headers: Record<string, string>) => fetch(`${server.url}/stream`, { headers })
  const streams = [await open(revoked.bearer), await open(expiring.bearer)] as const
  expect(streams.map(({ status }) => status)).toEqual([200, 200])
  await revokeIn(server.store, revoked.key_id)
  for (const stream of streams) await expect(stream.text()).rejects.toThrow()
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(soon))
})

test('a batch that is under way ends when its key is revoked: what was answered is stored, the rest is not', async () => {
  const { server } = await closedServer()
  const key = await issueIn(server.store, ['writer'])
  await isClosed(server)
  const line = (run_id: string) => `${JSON.stringify({ command: 'create', run_id, policy_version_id: 'p' })}\n`
  const sent = new TransformStream<Uint8Array, Uint8Array>()
  const writer = sent.writable.getWriter()
  const bytes = new TextEncoder()
  const answering = fetch(`${server.url}/commands`, {
    method: 'POST',
    headers: { ...key.bearer, 'content-type': 'application/x-ndjson' },
    body: sent.readable,
    duplex: 'half',
  } as RequestInit)
  await writer.write(bytes.encode(line('first')))
  const answer = await answering
  await revokeIn(server.store, key.key_id)
  await until(async () => (await server.get('/runs/first', key.bearer)).statusCode === 401)
  await writer.write(bytes.encode(line('second')))
  const lines = (await answer.text()).trim().split('\n')
  expect(lines.map((text) => JSON.parse(text))).toMatchObject([
    { ok: true, run_id: 'first' },
    { ok: false, problem: { type: '/problems/unauthenticated' } },
  ])
  expect(await eventsOf(server.store, 'second')).toEqual([])
})
