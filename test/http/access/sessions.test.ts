import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startAccess } from '../../../src/access/access.ts'
import type { EventStore } from '../../../src/event-store/event-store.ts'
import { timeOf } from '../../../src/run/time.ts'
import { issueIn, revokeIn } from '../../support/access/keys.ts'
import { BROWSER, issuerForTest } from '../../support/access/oidc.ts'
import { serverForTest, type TestServer } from '../../support/network/http-server.ts'

const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' }

/** The clock of a server, which tests move. */
const clock = () => {
  let ahead = 0
  const pass = (minutes: number): void => {
    ahead += minutes * 60_000
  }
  return { now: () => timeOf(Date.now() + ahead), pass }
}

const sessionServer = async (options: Parameters<typeof serverForTest>[0] = {}) => {
  const time = clock()
  const access = (store: EventStore) =>
    startAccess({ store, unauthenticated: false, verifyToken: null, sessionKey: randomBytes(32), now: time.now })
  const server = await serverForTest({ access, ...options })
  const admin = await issueIn(server.store, ['admin'])
  const key = await issueIn(server.store, ['reader', 'writer'], { name: 'ann' })
  const statusOf = async (headers?: Record<string, string>) => (await server.get('/runs', headers)).statusCode
  while ((await statusOf(key.bearer)) !== 200 || (await statusOf()) !== 401) await sleep(5)
  return { server, admin, key, time }
}

const signIn = (server: TestServer, key: string, headers: Record<string, string> = SAME_ORIGIN) =>
  server.post('/auth/session', { key }, headers)

const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
  String([answer.headers['set-cookie']].flat()[0] ?? '').split(';')[0] ?? ''

test('a key that is pasted begins a session, which reads, writes as the key, and ends on every server when it is signed out of', async () => {
  const { server, key } = await sessionServer()
  const begun = await signIn(server, key.text)
  expect(begun.statusCode).toBe(200)
  expect(String(begun.headers['set-cookie'])).toMatch(/^run_ledger=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)
  expect(String(begun.headers['set-cookie'])).not.toContain(key.text)
  const cookie = cookieOf(begun)
  expect((await server.get('/auth/session', { cookie })).json()).toMatchObject({
    authentication: 'on',
    sign_in: 'key',
    principal: 'key:ann',
    roles: ['reader', 'writer'],
  })
  expect((await server.get('/runs', { cookie })).statusCode).toBe(200)
  const create = (headers: Record<string, string>) =>
    server.post('/runs', { policy_version_id: 'p' }, { cookie, ...headers })
  expect((await create(SAME_ORIGIN)).statusCode).toBe(201)
  expect((await create({ origin: 'http://localhost', host: 'localhost' })).statusCode).toBe(201)
  const out = await server.app.inject({ method: 'DELETE', url: '/auth/session', headers: { cookie, ...SAME_ORIGIN } })
  expect(String(out.headers['set-cookie'])).toContain('Max-Age=0')
  // The cookie itself is refused from now on: whoever copied it has nothing.
  expect((await server.get('/runs', { cookie })).statusCode).toBe(401)
  expect(await server.store.access.read({ from: 'end', direction: 'backward', limit: 1 })()).toMatchObject({
    right: { events: [{ type: 'SignedOut' }] },
  })
})

test.each([
  ['nothing says where it comes from', {}],
  ['it comes from another site', { 'sec-fetch-site': 'cross-site' }],
  ['it comes from a page of another origin', { origin: 'https://evil.example' }],
])('a session changes nothing where %s', async (_what, headers) => {
  const { server, key } = await sessionServer()
  const cookie = cookieOf(await signIn(server, key.text))
  const answers = [
    await server.post('/runs', { policy_version_id: 'p' }, { cookie, ...headers }),
    await server.app.inject({ method: 'DELETE', url: '/auth/session', headers: { cookie, ...headers } }),
    await signIn(server, key.text, headers as Record<string, string>),
  ]
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403])
  expect((await server.get('/runs', { cookie })).statusCode).toBe(200)
})

test('a session ends with its key', async () => {
  const { server, key } = await sessionServer()
  const cookie = cookieOf(await signIn(server, key.text))
  await revokeIn(server.store, key.key_id)
  while ((await server.get('/runs', { cookie })).statusCode === 200) await sleep(5)
  expect((await server.get('/runs', { cookie })).statusCode).toBe(401)
})

test('a session ends after half an hour without requests, and after eight hours in all', async () => {
  const { server, key, time } = await sessionServer()
  const idle = cookieOf(await signIn(server, key.text))
  time.pass(29)
  const used = await server.get('/runs', { cookie: idle })
  expect(used.statusCode).toBe(200)
  let cookie = cookieOf(used)
  expect(cookie).not.toBe('')
  time.pass(2)
  expect((await server.get('/runs', { cookie: idle })).statusCode).toBe(401)
  for (let minutes = 31; minutes + 25 < 8 * 60; minutes += 25) {
    time.pass(25)
    const answer = await server.get('/runs', { cookie })
    expect(answer.statusCode).toBe(200)
    cookie = cookieOf(answer)
  }
  time.pass(25)
  expect((await server.get('/runs', { cookie })).statusCode).toBe(401)
})

test('a live stream does not keep a session alive', async () => {
  const { server, key, time } = await sessionServer()
  const cookie = cookieOf(await signIn(server, key.text))
  time.pass(10)
  const stream = await fetch(`${server.url}/stream`, { headers: { cookie } })
  expect([stream.status, stream.headers.get('set-cookie')]).toEqual([200, null])
  time.pass(21)
  await expect(stream.text()).rejects.toThrow()
})

test.each([
  ['https://ledger.example/', '__Host-run_ledger', '/'],
  ['https://ledger.example/audit/', '__Secure-run_ledger', '/audit/'],
])('at %s the cookie is %s', async (publicUrl, name, path) => {
  const { server, key } = await sessionServer({ publicUrl: new URL(publicUrl) })
  const set = String((await signIn(server, key.text)).headers['set-cookie'])
  expect(set).toMatch(new RegExp(`^${name}=[^;]+; Path=${path}; HttpOnly; SameSite=Lax; Secure$`))
})

test('a wrong key, a forged cookie and another server’s begin nothing', async () => {
  const { server, key } = await sessionServer()
  const other = await sessionServer()
  expect((await signIn(server, `${key.text}x`)).statusCode).toBe(401)
  for (const cookie of ['run_ledger=x', 'run_ledger=', cookieOf(await signIn(other.server, other.key.text))])
    expect((await server.get('/runs', { cookie })).statusCode).toBe(401)
  expect((await server.get('/auth/session', { cookie: 'run_ledger=x' })).json()).toMatchObject({
    authentication: 'on',
    principal: null,
  })
})

test('without keys there is nothing to sign in to, and who asks is nobody', async () => {
  const server = await serverForTest()
  expect((await signIn(server, 'rl_x')).statusCode).toBe(404)
  expect((await server.get('/auth/session')).json()).toEqual({
    authentication: 'off',
    sign_in: null,
    principal: null,
    roles: [],
    act_as: null,
    expires_at: null,
  })
})

/** A browser as far as signing in needs one: it keeps cookies, follows redirects and submits forms. */
const browser = () => {
  const jar = new Map<string, string>()
  const go = async (
    url: string,
    form?: Record<string, string>,
  ): Promise<{ url: string; html: string; location: string | null; status: number }> => {
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? undefined : { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      jar.set(name, value)
    }
    const location = answer.headers.get('location')
    return { url, html: await answer.text(), location: location && new URL(location, url).href, status: answer.status }
  }
  return { go, jar }
}

test('a browser signs in at the issuer, with the roles of its ID token, and is sent back to its page', async () => {
  const PORT_OF_NOBODY = 'http://127.0.0.1:9'
  const callback = new URL('/auth/callback', PORT_OF_NOBODY)
  const issuer = await issuerForTest('ES256', callback.href)
  const signInConfig = {
    issuer: issuer.issuer,
    clientId: BROWSER.client_id,
    clientSecret: BROWSER.client_secret,
    roleClaim: 'roles',
    callback,
  }
  const server = await serverForTest({
    access: (store) =>
      startAccess({
        store,
        unauthenticated: false,
        verifyToken: async () => ({ _tag: 'Left', left: { _tag: 'NotAccepted', cause: 'none here' } }),
        signIn: signInConfig,
        sessionKey: randomBytes(32),
      }),
  })
  expect((await signIn(server, 'rl_x')).statusCode).toBe(403)
  const { go, jar } = browser()
  const here = (url: string) => url.replace(PORT_OF_NOBODY, server.url)
  let at = await go(`${server.url}/auth/sign-in?return_to=/ui/runs`)
  expect(at.status).toBe(303)
  for (let steps = 0; steps < 20 && !at.url.startsWith(`${server.url}/auth/callback`); steps += 1) {
    if (at.location !== null) at = await go(here(at.location))
    else {
      const [, action = ''] = /action="([^"]+)"/.exec(at.html) ?? []
      const prompt = at.html.includes('value="login"') ? 'login' : 'consent'
      at = await go(new URL(action, at.url).href, { prompt, login: 'auditor', password: 'x' })
    }
  }
  expect([at.status, at.location]).toEqual([303, `${server.url}/ui/runs`])
  const cookie = `run_ledger=${jar.get('run_ledger')}`
  expect((await server.get('/auth/session', { cookie })).json()).toMatchObject({
    sign_in: 'issuer',
    principal: 'oidc:127.0.0.1:auditor',
    roles: ['auditor'],
  })
  expect((await server.get('/audit', { cookie })).statusCode).toBe(200)
  expect((await server.get('/keys', { cookie })).statusCode).toBe(403)
  // What came back once, and what was begun in another browser, is refused.
  expect((await go(at.url)).status).toBe(401)
  expect((await browser().go(at.url)).status).toBe(401)
})

test.each(['https://evil.example/', '//evil.example', '/ui/../x\\evil', 'javascript:alert(1)'])(
  'a sign-in does not lead to %s',
  async (target) => {
    const { server } = await sessionServer()
    const answer = await server.get(`/auth/sign-in?return_to=${encodeURIComponent(target)}`)
    expect([400, 404]).toContain(answer.statusCode)
    expect(answer.headers['location']).toBeUndefined()
  },
)
