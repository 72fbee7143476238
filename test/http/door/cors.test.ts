import { expect, test } from 'vitest'
import { serverForAll, serverForTest } from '../../support/network/http-server.ts'

const OURS = 'https://app.example'

const shared = serverForAll({ door: { corsOrigins: [OURS] } })

const preflight = (origin: string) =>
  shared.current().app.inject({
    method: 'OPTIONS',
    url: '/runs',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  })

test('a page of --cors-origin may ask, send commands and read what it needs', async () => {
  const asked = await preflight(OURS)
  expect(asked.statusCode).toBe(204)
  expect(asked.headers).toMatchObject({
    'access-control-allow-origin': OURS,
    'access-control-allow-headers': 'content-type',
    'x-content-type-options': 'nosniff',
  })
  const sent = await shared.current().post('/runs', { policy_version_id: 'p' }, { origin: OURS })
  expect(sent.statusCode).toBe(201)
  expect(sent.headers['access-control-allow-origin']).toBe(OURS)
  expect(sent.headers['access-control-expose-headers']).toContain('run-ledger-position')
  expect(sent.headers['vary']).toMatch(/origin/i)
})

test('no answer ever allows credentials of a browser', async () => {
  const answers = [
    await preflight(OURS),
    await shared.current().get('/runs', { origin: OURS }),
    await shared.current().post('/runs', { policy_version_id: 'p' }, { origin: OURS }),
  ]
  for (const { headers } of answers) expect(headers['access-control-allow-credentials']).toBeUndefined()
})

test.each(['https://evil.example', 'http://app.example', 'https://app.example.evil.example', 'null'])(
  'a page of %s may neither read nor send',
  async (origin) => {
    expect((await preflight(origin)).headers['access-control-allow-origin']).toBeUndefined()
    const read = await shared.current().get('/runs', { origin })
    expect(read.headers['access-control-allow-origin']).toBeUndefined()
    const sent = await shared.current().post('/runs', { policy_version_id: 'p' }, { origin })
    expect(sent.json()).toMatchObject({ status: 403, type: '/problems/forbidden' })
  },
)

test('CORS leaves an unknown address unknown', async () => {
  expect((await shared.current().get('/no/such')).statusCode).toBe(404)
})

test('without --cors-origin there is no CORS at all', async () => {
  const server = await serverForTest()
  const asked = await server.app.inject({ method: 'OPTIONS', url: '/runs', headers: { origin: OURS } })
  expect(asked.statusCode).toBe(405)
  expect((await server.get('/runs', { origin: OURS })).headers['access-control-allow-origin']).toBeUndefined()
})
