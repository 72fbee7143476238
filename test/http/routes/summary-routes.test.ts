import { beforeAll, expect, test } from 'vitest'
import { PolicyVersionsAnswer, RunGroupsAnswer } from '../../../src/api/summaries.ts'
import { serverForAll, serverForTest } from '../../support/network/http-server.ts'

const server = serverForAll()
let position = ''

beforeAll(async () => {
  const { post } = server.current()
  for (let n = 0; n < 5; n += 1) {
    await post('/runs', {
      run_id: `run-${n}`,
      policy_version_id: n < 4 ? 'policy-2' : 'policy-1',
      ...(n < 3 ? { run_group_id: `group-${n % 2}` } : undefined),
      occurred_at: `2026-01-0${n + 1}T00:00:00Z`,
    })
    if (n >= 3) continue
    const completed = { status: n === 0 ? 'CANCELLED' : 'FAILURE', occurred_at: `2026-02-0${n + 1}T00:00:00Z` }
    position = String((await post(`/runs/run-${n}/complete`, completed)).headers['run-ledger-position'])
  }
  const last = await post('/runs/run-4/start', { occurred_at: '2026-01-09T00:00:00Z' })
  position = String(last.headers['run-ledger-position'])
})

const get = (url: string) => server.current().get(url, { 'run-ledger-position': position })

test('all policy versions are listed by id, with what their runs came to', async () => {
  const answer = await get('/policy-versions')
  expect(answer.statusCode, answer.body).toBe(200)
  expect(answer.headers).toMatchObject({ 'cache-control': 'private, no-cache', 'run-ledger-position': position })
  expect(PolicyVersionsAnswer.parse(answer.json())).toEqual({
    data: [
      {
        policy_version_id: 'policy-1',
        runs: 1,
        by_status: { STARTED: 1 },
        error_rate: null,
        created_at: '2026-01-05T00:00:00.000Z',
        last_updated_at: '2026-01-09T00:00:00.000Z',
      },
      {
        policy_version_id: 'policy-2',
        runs: 4,
        by_status: { CANCELLED: 1, FAILURE: 2, PENDING: 1 },
        error_rate: 2 / 3,
        created_at: '2026-01-01T00:00:00.000Z',
        last_updated_at: '2026-02-03T00:00:00.000Z',
      },
    ],
    next_cursor: null,
  })
})

test('groups come in pages, whose cursors belong to their list; runs without a group are in none', async () => {
  const first = RunGroupsAnswer.parse((await get('/run-groups?limit=1')).json())
  expect(first.data).toMatchObject([
    { run_group_id: 'group-0', runs: 2, by_status: { CANCELLED: 1, FAILURE: 1 }, error_rate: 0.5 },
  ])
  const second = RunGroupsAnswer.parse((await get(`/run-groups?limit=1&cursor=${first.next_cursor}`)).json())
  expect(second).toMatchObject({ data: [{ run_group_id: 'group-1', runs: 1 }], next_cursor: null })
  expect((await get(`/policy-versions?cursor=${first.next_cursor}`)).json()).toMatchObject({
    status: 400,
    errors: [{ parameter: 'cursor' }],
  })
})

test('a new ledger has neither', async () => {
  const empty = await serverForTest()
  for (const url of ['/policy-versions', '/run-groups'])
    expect((await empty.get(url)).json()).toEqual({ data: [], next_cursor: null })
})
