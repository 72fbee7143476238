import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { configAt, PATIENT } from '../../event-store/eventstoredb/opened.ts'
import { issueIn, withKeys } from '../../support/access/keys.ts'
import { serverForTest } from '../../support/network/http-server.ts'
import { openStandIn } from '../../support/stand-ins.ts'

/** Two servers over one store. */
const twoServers = async () => {
  const { address } = await openStandIn()
  const options = { eventStore: configAt(address, PATIENT), access: withKeys() }
  return [await serverForTest(options), await serverForTest(options)] as const
}

/** Polls until `is` holds. */
const until = async (is: () => Promise<boolean>): Promise<void> => {
  while (!(await is())) await sleep(10)
}

test('a key that one server revokes is refused by the other, and its open streams end on both', async () => {
  const [one, other] = await twoServers()
  const admin = await issueIn(one.store, ['admin'])
  const key = await issueIn(one.store, ['reader'])
  for (const server of [one, other])
    await until(
      async () =>
        (await server.get('/runs', key.bearer)).statusCode === 200 && (await server.get('/runs')).statusCode === 401,
    )
  const streams = await Promise.all([one, other].map(({ url }) => fetch(`${url}/stream`, { headers: key.bearer })))
  expect(streams.map(({ status }) => status)).toEqual([200, 200])
  const revoked = await one.app.inject({ method: 'DELETE', url: `/keys/${key.key_id}`, headers: admin.bearer })
  expect(revoked.statusCode).toBe(200)
  expect((await one.get('/runs', key.bearer)).statusCode).toBe(401)
  await until(async () => (await other.get('/runs', key.bearer)).statusCode === 401)
  for (const stream of streams) await expect(stream.text()).rejects.toThrow()
  expect((await other.get('/keys', admin.bearer)).json().data).toMatchObject([
    { status: 'valid' },
    { status: 'revoked' },
  ])
})

test('two admins who revoke each other at once leave one', async () => {
  const [one, other] = await twoServers()
  const [ann, bob] = [
    await issueIn(one.store, ['admin'], { name: 'ann' }),
    await issueIn(one.store, ['admin'], { name: 'bob' }),
  ]
  for (const server of [one, other]) await until(async () => (await server.get('/keys', bob.bearer)).statusCode === 200)
  const statuses = await Promise.all([
    one.app.inject({ method: 'DELETE', url: `/keys/${bob.key_id}`, headers: ann.bearer }),
    other.app.inject({ method: 'DELETE', url: `/keys/${ann.key_id}`, headers: bob.bearer }),
  ]).then((answers) => answers.map(({ statusCode }) => statusCode))
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect([401, 409]).toContain(statuses.find((status) => status !== 200))
})
