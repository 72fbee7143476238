import { beforeAll, expect, test } from 'vitest'
import { RunGroupAnswer } from '../../../src/api/groups.ts'
import { serverForAll } from '../../support/network/http-server.ts'

const server = serverForAll()
let position = ''

beforeAll(async () => {
  const { post } = server.current()
  for (let n = 0; n < 5; n += 1) {
    const body = { run_id: `run-${n}`, policy_version_id: 'p', run_group_id: n < 4 ? 'group-1' : 'group-2' }
    await post('/runs', { ...body, occurred_at: `2026-01-0${n + 1}T00:00:00Z` })
    const last = n < 3 ? { status: 'FAILURE', occurred_at: `2026-02-0${n + 1}T00:00:00Z` } : null
    const answer =
      last === null
        ? await post(`/runs/run-${n}/start`, { occurred_at: '2026-01-09T00:00:00Z' })
        : await post(`/runs/run-${n}/complete`, last)
    position = String(answer.headers['run-ledger-position'])
  }
})

const get = (url: string) => server.current().get(url, { 'run-ledger-position': position })

test('a group tells how many runs have which status, and lists them, newest first', async () => {
  const answer = await get('/run-groups/group-1')
  expect(answer.statusCode, answer.body).toBe(200)
  expect(answer.headers).toMatchObject({ 'cache-control': 'private, no-cache', 'run-ledger-position': position })
  const { data, ...group } = RunGroupAnswer.parse(answer.json())
  expect(group).toEqual({
    run_group_id: 'group-1',
    runs: 4,
    by_status: { FAILURE: 3, STARTED: 1 },
    created_at: '2026-01-01T00:00:00.000Z',
    last_updated_at: '2026-02-03T00:00:00.000Z',
    next_cursor: null,
  })
  expect(data.map(({ run_id }) => run_id)).toEqual(['run-3', 'run-2', 'run-1', 'run-0'])
  expect(data[3]).toEqual((await get('/runs/run-0')).json())
})

test('its runs come in pages, whose cursors belong to it', async () => {
  const first = (await get('/run-groups/group-1?limit=3')).json()
  expect(first).toMatchObject({ runs: 4, next_cursor: expect.any(String) })
  const second = (await get(`/run-groups/group-1?limit=3&cursor=${first.next_cursor}`)).json()
  expect(second.data.map(({ run_id }: { run_id: string }) => run_id)).toEqual(['run-0'])
  expect(second.next_cursor).toBe(null)
  for (const url of ['/run-groups/group-2?', '/runs?run_group_id=group-1&'])
    expect((await get(`${url}cursor=${first.next_cursor}`)).json()).toMatchObject({ errors: [{ parameter: 'cursor' }] })
})

test.each(['group-3', '%24', 'a b'])('a group that no run is in is not found: %s', async (id) => {
  const answer = await get(`/run-groups/${id}`)
  expect(answer.statusCode).toBe(404)
  expect(answer.json().type).toBe('/problems/not-found')
})

test('a group takes no other parameters', async () => {
  expect((await get('/run-groups/group-1?status=FAILURE')).json()).toMatchObject({ errors: [{ parameter: 'status' }] })
})
