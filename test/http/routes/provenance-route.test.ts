import { expect, test } from 'vitest'
import { ProvenanceAnswer } from '../../../src/api/run-views.ts'
import { serverForAll } from '../../support/network/http-server.ts'

const server = serverForAll()

const provenanceOf = async (run_id: string): Promise<ProvenanceAnswer['data']> => {
  const answer = await fetch(`${server.current().url}/runs/${run_id}/provenance`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(answer.headers.get('cache-control')).toBe('private, no-cache')
  expect(answer.headers.get('run-ledger-position')).toMatch(/^\d{20}$/)
  return ProvenanceAnswer.parse(await answer.json()).data
}

const change = async (run_id: string, body: object, actor: string): Promise<void> => {
  const { post, readModel } = server.current()
  const answer = await post(`/runs/${run_id}/status`, body, { 'run-ledger-actor': actor })
  expect(answer.statusCode, answer.body).toBe(200)
  await readModel.waitFor(String(answer.headers['run-ledger-position']), 5_000)
}

test('each field and each key of the metadata names the Entry that set it', async () => {
  const { create, post, get } = server.current()
  await create({ run_id: 'fields', run_metadata: { desk: 'front', 'a/b': 1 } })
  await post('/runs/fields/start', undefined, { 'run-ledger-actor': 'starter' })
  await change('fields', { status: 'IN_REVIEW', run_metadata: { desk: 'risk' } }, 'reviewer')
  const data = await provenanceOf('fields')
  const run = (await get('/runs/fields')).json()
  expect(data.map(({ path, value, entry }) => [path, value, entry.actor])).toEqual([
    ['/run_id', 'fields', 'anonymous'],
    ['/run_group_id', null, 'anonymous'],
    ['/policy_version_id', 'policy-1', 'anonymous'],
    ['/status', 'IN_REVIEW', 'reviewer'],
    ['/result', null, 'anonymous'],
    ['/input_data', {}, 'anonymous'],
    ['/run_metadata', { desk: 'risk', 'a/b': 1 }, 'reviewer'],
    ['/run_metadata/desk', 'risk', 'reviewer'],
    ['/run_metadata/a~1b', 1, 'anonymous'],
    ['/created_at', run.created_at, 'anonymous'],
    ['/started_at', run.started_at, 'starter'],
    ['/last_updated_at', run.last_updated_at, 'reviewer'],
  ])
  const entries = (await get('/runs/fields/events')).json().data
  expect(data.find(({ path }) => path === '/started_at')?.entry).toEqual(entries[1])
})

test('an answer of many times what the history takes is whole', async () => {
  const { create, post } = server.current()
  const keys = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`key-${n}`, n]))
  await create({ run_id: 'large', run_metadata: keys, input_data: { text: 'x'.repeat(100_000) } })
  await post('/runs/large/start')
  // Each of these takes more than what is kept of Entries, all together.
  for (let n = 0; n < 12; n += 1)
    await change(
      'large',
      { status: 'IN_REVIEW', run_metadata: { [`key-${n}`]: 'y'.repeat(200_000), [`key-${n - 1}`]: -1 } },
      `actor-${n}`,
    )
  const data = await provenanceOf('large')
  const actorOf = (path: string) => data.find((part) => part.path === path)?.entry.actor
  expect(data).toHaveLength(10 + 41)
  expect(actorOf('/run_metadata/key-39')).toBe('anonymous')
  for (let n = 0; n < 11; n += 1) expect(actorOf(`/run_metadata/key-${n}`)).toBe(`actor-${n + 1}`)
  expect(actorOf('/run_metadata/key-11')).toBe('actor-11')
})
