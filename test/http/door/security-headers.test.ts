import { expect, test } from 'vitest'
import { serverForAll } from '../../support/network/http-server.ts'
import { openSocket } from '../../support/network/raw-socket.ts'

const shared = serverForAll({ door: { trustedProxies: ['10.0.0.0/8'] } })

const REQUESTS = [
  ['an answer', 'GET', '/runs', {}],
  ['a page of the reference', 'GET', '/docs', {}],
  ['a file of the pages', 'GET', '/ui/', { accept: 'text/html' }],
  ['a problem', 'GET', '/runs/no-such', {}],
  ['an unknown address', 'GET', '/no/such', {}],
  ['a path that cannot be decoded', 'GET', '/runs/%ff', {}],
  ['a misdirected request', 'GET', '/runs', { host: 'evil.example' }],
  ['a foreign page', 'POST', '/runs', { origin: 'https://evil.example' }],
] as const

test.each(REQUESTS)('%s has the security headers', async (_what, method, url, headers) => {
  const answer = await shared.current().app.inject({ method, url, headers })
  expect(answer.headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(answer.headers['strict-transport-security']).toBeUndefined()
})

test('so has what is no HTTP', async () => {
  const socket = await openSocket(shared.current().port)
  socket.send('HELLO\r\n\r\n')
  expect(await socket.closed()).toMatch(/x-content-type-options: nosniff/i)
})

test('HSTS is sent where a trusted proxy says that the caller used TLS, and nobody else is believed', async () => {
  const from = (remoteAddress: string) =>
    shared.current().app.inject({ url: '/healthz', remoteAddress, headers: { 'x-forwarded-proto': 'https' } })
  expect((await from('10.1.2.3')).headers['strict-transport-security']).toBe('max-age=31536000')
  expect((await from('192.0.2.1')).headers['strict-transport-security']).toBeUndefined()
})
