import { type FastifyInstance, fastify } from 'fastify'
import { expect, test } from 'vitest'
import { registerAs, requirePermissions } from '../../../src/http/request/route-permissions.ts'
import { sessionCookieAt } from '../../../src/http/request/session-cookie.ts'
import type { App } from '../../../src/http/server-parts.ts'
import { serverForTest } from '../../support/network/http-server.ts'

const failedCredentials = { refusalOf: async () => null, note: async () => undefined }
const OPEN = () => ({ access: null, sessionCookie: sessionCookieAt(false, '/'), rateLimits: { failedCredentials } })

const appForTest = (): App => fastify() as unknown as App

test('a server with a route without a permission does not start, and the error names the route', async () => {
  const app = appForTest()
  const check = requirePermissions(app, OPEN)
  app.get('/open', { schema: { 'x-permission': 'open' } }, () => 'ok')
  app.delete('/forgotten', () => 'ok')
  await app.ready()
  expect(check).toThrow('routes without a permission: DELETE /forgotten.')
})

test('every route that a plugin adds has the permission that the plugin was registered with', async () => {
  const app = appForTest()
  const check = requirePermissions(app, OPEN)
  await registerAs(app, 'operator', async (scope: FastifyInstance) => void scope.get('/figures', () => 'ok'), {})
  await app.ready()
  expect(check).not.toThrow()
})

test('of the server itself, every route declares one', async () => {
  const { get } = await serverForTest()
  const { paths } = (await get('/openapi.json')).json()
  const operations = Object.values(paths as Record<string, Record<string, object>>).flatMap(Object.values)
  for (const operation of operations) expect(operation).toHaveProperty('x-permission')
})
