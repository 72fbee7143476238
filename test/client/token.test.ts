import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { issueIn, revokeIn, withKeys } from '../support/access/keys.ts'
import { serverForTest } from '../support/network/http-server.ts'

const closedServer = async () => {
  const server = await serverForTest({ access: withKeys() })
  await issueIn(server.store, ['admin'])
  const [old, fresh] = [
    await issueIn(server.store, ['reader', 'writer'], { name: 'old' }),
    await issueIn(server.store, ['reader', 'writer'], { name: 'fresh' }),
  ]
  while ((await server.get('/runs', fresh.bearer)).statusCode !== 200) await sleep(5)
  return { server, old, fresh }
}

test('a token goes with every request; without one, and with a wrong one, calls are unauthenticated', async () => {
  const { server, fresh } = await closedServer()
  const ledger = createClient({ url: server.url, token: fresh.text })
  expect(await ledger.createRun({ policy_version_id: 'p' })).toMatchObject({ _tag: 'Right' })
  expect(await ledger.getSession()).toMatchObject({ right: { principal: 'key:fresh' } })
  for (const token of [undefined, 'wrong'])
    expect(await createClient({ url: server.url, token }).listRuns()).toMatchObject({
      left: { _tag: 'unauthenticated', status: 401 },
    })
})

test('a function returns the present token, and is asked for another one where that was refused', async () => {
  const { server, old, fresh } = await closedServer()
  let present = old.text
  const asked: boolean[] = []
  const token = async ({ refused }: { refused: boolean }): Promise<string> => {
    asked.push(refused)
    if (refused) present = fresh.text
    return present
  }
  const ledger = createClient({ url: server.url, token })
  expect(await ledger.getSession()).toMatchObject({ right: { principal: 'key:old' } })
  await revokeIn(server.store, old.key_id)
  while ((await server.get('/runs', old.bearer)).statusCode === 200) await sleep(5)
  expect(await ledger.createRun({ policy_version_id: 'p' })).toMatchObject({ _tag: 'Right' })
  expect(asked).toEqual([false, false, true])
})

test('a subscription outlives the token that it began with', async () => {
  const { server, old, fresh } = await closedServer()
  const ledger = createClient({
    url: server.url,
    token: ({ refused }) => (refused ? fresh.text : old.text),
    retry: { minDelay: 1, maxDelay: 5 },
  })
  const stop = new AbortController()
  const entries = ledger.streamEntries({ from: 'start' }, { signal: stop.signal })
  const next = entries.next()
  const create = (run_id: string) => server.post('/runs', { run_id, policy_version_id: 'p' }, fresh.bearer)
  await create('before')
  expect((await next).value).toMatchObject({ right: { run_id: 'before' } })
  await revokeIn(server.store, old.key_id)
  await create('after')
  expect((await entries.next()).value).toMatchObject({ right: { run_id: 'after' } })
  stop.abort()
  await entries.return()
})
