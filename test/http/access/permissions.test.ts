/** Every route with every role and every kind of wrong credential, and the table of the docs. */
import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROLES, type Role, rolesFor } from '../../../src/access/roles.ts'
import { createTokenVerifier } from '../../../src/access/tokens.ts'
import { declaredPermissions } from '../../../src/http/request/route-permissions.ts'
import { createMetrics } from '../../../src/metrics/metrics.ts'
import { issueIn, revokeIn, withKeys } from '../../support/access/keys.ts'
import { AUDIENCE, FOREIGN_AUDIENCE, startIssuer, type TestIssuer } from '../../support/access/oidc.ts'
import { startServer, type TestServer } from '../../support/network/http-server.ts'

type Route = ReturnType<typeof declaredPermissions>[number]

let issuer: TestIssuer
let elsewhere: TestIssuer
let server: TestServer
let routes: readonly Route[]
/** `Authorization` headers by what is right, or wrong, about them. */
const right = new Map<string, Readonly<{ role: Role; authorization: string }>>()
const wrong = new Map<string, string>()

const seconds = () => Math.floor(Date.now() / 1000)
const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

beforeAll(async () => {
  ;[issuer, elsewhere] = [await startIssuer(), await startIssuer()]
  const verifier = createTokenVerifier({ issuer: issuer.issuer, audiences: [AUDIENCE], roleClaim: 'roles', jwks: null })
  server = await startServer({ access: withKeys(verifier), metrics: createMetrics() })
  routes = declaredPermissions(server.app)
  await prepareKeys()
  await prepareTokens()
  await server.post('/runs', { run_id: 'known', policy_version_id: 'p' }, { authorization: keyOf('writer') })
})

afterAll(async () => {
  await server.close()
  await issuer.close()
  await elsewhere.close()
})

const keyOf = (role: Role): string => right.get(`key of ${role}`)?.authorization ?? ''

const prepareKeys = async (): Promise<void> => {
  const { store } = server
  const later = new Date(Date.now() + 3_600_000).toISOString()
  const before = new Date(Date.now() - 3_600_000).toISOString()
  for (const role of ['admin', ...ROLES.filter((each) => each !== 'admin')] as const)
    right.set(`key of ${role}`, { role, authorization: `Bearer ${(await issueIn(store, [role])).text}` })
  const all = async (name: string, more = {}, now?: () => string) => issueIn(store, ROLES, { name, ...more }, now)
  const revoked = await all('revoked')
  await revokeIn(store, revoked.key_id)
  const expired = await all('expired', { expires_at: new Date(Date.now() - 1).toISOString() }, () => before)
  const early = await all('early', { not_before: later })
  const known = await all('known')
  wrong.set('a revoked key', revoked.text)
  wrong.set('an expired key', expired.text)
  wrong.set('a key that is not valid yet', early.text)
  wrong.set('the id of one key with the secret of another', known.text.slice(0, 20) + revoked.text.slice(20))
  wrong.set('a key that was never issued', `rl_${'0'.repeat(16)}_${'A'.repeat(43)}`)
  wrong.set('no key', 'nothing')
}

const prepareTokens = async (): Promise<void> => {
  for (const role of ROLES)
    right.set(`token of ${role}`, { role, authorization: `Bearer ${await issuer.tokenOf(role)}` })
  const claims = {
    iss: issuer.issuer,
    aud: AUDIENCE,
    sub: 'mallory',
    iat: seconds(),
    exp: seconds() + 600,
    roles: ROLES.map((role) => `run-ledger:${role}`),
  }
  const { kid } = issuer.publicKey()
  const hmac = `${encoded({ alg: 'HS256', kid, typ: 'at+jwt' })}.${encoded(claims)}`
  const mac = createHmac('sha256', JSON.stringify(issuer.publicKey())).update(hmac).digest('base64url')
  wrong.set('a token for another audience', await issuer.tokenOf('admin', FOREIGN_AUDIENCE))
  wrong.set('a token of another issuer', await elsewhere.tokenOf('admin'))
  wrong.set('a token that names the issuer, signed by another', await elsewhere.sign(claims, { kid: kid as string }))
  wrong.set('an expired token', await issuer.sign({ ...claims, iat: seconds() - 600, exp: seconds() - 60 }))
  wrong.set('a token that is not valid yet', await issuer.sign({ ...claims, nbf: seconds() + 300 }))
  wrong.set('an unsigned token', `${encoded({ alg: 'none', kid, typ: 'at+jwt' })}.${encoded(claims)}.`)
  wrong.set('a token signed with the public key as a secret', `${hmac}.${mac}`)
}

type Answer = Readonly<{ status: number; challenge: string | null; body: string }>

/** Asks over a real connection, of which it reads no more than a refusal: a stream does not end. */
const ask = async ({ method, url }: Route, authorization: string | null, run_id = 'known'): Promise<Answer> => {
  const stop = new AbortController()
  const path = url
    .replace('*', 'x')
    .replaceAll(/:run_id/g, run_id)
    .replaceAll(/:\w+/g, 'unknown')
  const isBatch = path === '/commands'
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      ...(authorization === null ? undefined : { authorization }),
      ...(method === 'POST' ? { 'content-type': isBatch ? 'application/x-ndjson' : 'application/json' } : undefined),
    },
    ...(method === 'POST' ? { body: isBatch ? '\n' : '{"unknown":1}' } : undefined),
    redirect: 'manual',
    signal: stop.signal,
  })
  const isRefused = [401, 403].includes(answer.status) && method !== 'HEAD'
  const body = isRefused ? await answer.text() : ''
  stop.abort()
  return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body }
}

const nameOf = ({ method, url }: Route): string => `${method} ${url}`

const isIssuing = (route: Route): boolean => nameOf(route) === 'POST /keys'

test('without credentials, every route that is not open is 401, and issuing keys 403', async () => {
  expect(routes.length).toBeGreaterThan(25)
  for (const route of routes) {
    const { status, challenge } = await ask(route, null)
    if (route.permission === 'open') expect([401, 403], nameOf(route)).not.toContain(status)
    else
      expect({ route: nameOf(route), status, challenge }).toEqual({
        route: nameOf(route),
        ...(isIssuing(route)
          ? { status: 403, challenge: null }
          : { status: 401, challenge: 'Bearer realm="run-ledger"' }),
      })
  }
})

test('with whatever wrong credential, every route that is not open gives one and the same answer', async () => {
  const answers = new Set<string>()
  for (const route of routes.filter(({ permission }) => permission !== 'open'))
    for (const [what, text] of wrong) {
      const { status, challenge, body } = await ask(route, `Bearer ${text}`)
      expect({ route: nameOf(route), what, status }).toEqual({ route: nameOf(route), what, status: 401 })
      if (route.method !== 'HEAD') answers.add(`${challenge} ${JSON.parse(body).detail}`)
    }
  expect([...answers]).toEqual([expect.stringContaining('error="invalid_token"')])
})

test('with right credentials, every route admits the roles that it declares and no other', async () => {
  for (const route of routes) {
    const admitted = rolesFor(route.permission)
    for (const [what, { role, authorization }] of right) {
      const { status } = await ask(route, authorization)
      const isAdmitted = admitted === null || admitted.includes(role)
      const seen = { route: nameOf(route), what, isAdmitted: ![401, 403].includes(status) }
      expect(seen).toEqual({ route: nameOf(route), what, isAdmitted })
      if (!isAdmitted) expect(status, nameOf(route)).toBe(403)
    }
  }
})

test('no refusal says whether a run exists', async () => {
  for (const route of routes.filter(({ url, permission }) => url.includes(':run_id') && permission !== 'open'))
    for (const authorization of [null, 'Bearer nothing', keyOf('operator')])
      expect(await ask(route, authorization, 'known'), nameOf(route)).toEqual(await ask(route, authorization, 'absent'))
})

test.each(['as_of=2026-01-01T00:00:00Z', 'known_at=2026-01-01T00:00:00Z', 'revision=0'])(
  'a writer may read a run as it is, not as it was: %s',
  async (query) => {
    const read = (authorization: string, path: string) => server.get(path, { authorization })
    expect((await read(keyOf('writer'), '/runs/known?consistency=strong')).statusCode).toBe(200)
    expect((await read(keyOf('writer'), `/runs/known?${query}`)).statusCode).toBe(403)
    expect((await read(keyOf('writer'), `/runs/absent?${query}`)).statusCode).toBe(403)
    expect((await read(keyOf('reader'), `/runs/known?${query}`)).statusCode).not.toBe(403)
  },
)

/** The table of `docs/security.md`. The files of the pages are there only where they were built. */
const tableOf = (declared: readonly Route[]): string => {
  const rows = declared
    .filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/ui/assets'))
    .map(({ method, url, permission }) => {
      const admitted = rolesFor(permission)
      const marks = ROLES.map((role) => (admitted === null ? 'open' : admitted.includes(role) ? 'yes' : ''))
      return `| \`${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}\` | ${marks.join(' | ')} |`
    })
  return [`| route | ${ROLES.join(' | ')} |`, `| --- |${' --- |'.repeat(ROLES.length)}`, ...new Set(rows)].join('\n')
}

const SECURITY = new URL('../../../docs/security.md', import.meta.url)
const TABLE = /(?<=<!-- made from the routes.*-->\n)[\s\S]*?(?=\n<!-- end -->)/

test('docs/security.md holds the table of routes and roles', () => {
  const page = readFileSync(SECURITY, 'utf8')
  const table = tableOf(routes)
  if (process.env['WRITE_DOCS'] !== undefined) writeFileSync(SECURITY, page.replace(TABLE, table))
  else expect(TABLE.exec(page)?.[0], 'WRITE_DOCS=1 npx vitest run test/http/access/permissions writes it').toBe(table)
})
