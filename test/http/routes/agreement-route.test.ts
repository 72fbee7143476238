import { beforeAll, expect, test } from 'vitest'
import { AgreementAnswer } from '../../../src/api/agreement.ts'
import { serverForAll } from '../../support/network/http-server.ts'

const server = serverForAll()
let position = ''

/** Six groups: main declines the even ones, its shadow the first three, and decides the last one twice. */
beforeAll(async () => {
  const { post } = server.current()
  const decide = async (group: number, version: string, result: string, minutes: number): Promise<void> => {
    const day = `2026-01-0${group + 1}T00`
    const run_id = `${version}-${group}-${minutes}`
    const begin = { run_id, run_group_id: `group-${group}`, policy_version_id: version, occurred_at: `${day}:00:00Z` }
    await post('/runs', begin)
    await post(`/runs/${run_id}/start`, { occurred_at: `${day}:00:00Z` })
    const done = { status: 'SUCCESS', result, occurred_at: `${day}:0${minutes}:00Z` }
    position = String((await post(`/runs/${run_id}/complete`, done)).headers['run-ledger-position'])
  }
  for (let group = 0; group < 6; group += 1) {
    await decide(group, 'main', group % 2 === 0 ? 'DECLINED' : 'APPROVED', 2)
    await decide(group, 'shadow', group < 3 ? 'DECLINED' : 'APPROVED', 5)
  }
  await decide(5, 'shadow', 'APPROVED', 7)
})

const get = (version: string, query: string) =>
  server.current().get(`/policy-versions/${version}/agreement?${query}`, { 'run-ledger-position': position })

test('two versions agree about groups, and those that differ are listed page by page', async () => {
  const first = AgreementAnswer.parse((await get('main', 'with=shadow&limit=1')).json())
  const minutes = 60_000
  expect(first).toEqual({
    policy_version_id: 'main',
    with: 'shadow',
    groups: 6,
    compared: 5,
    ambiguous: 1,
    agree: 3,
    differ: 2,
    share: 0.6,
    results: [
      { result: 'DECLINED', with_result: 'DECLINED', count: 2 },
      { result: 'APPROVED', with_result: 'APPROVED', count: 1 },
      { result: 'APPROVED', with_result: 'DECLINED', count: 1 },
      { result: 'DECLINED', with_result: 'APPROVED', count: 1 },
    ],
    duration_difference_ms: {
      mean: 3 * minutes,
      min: 3 * minutes,
      max: 3 * minutes,
      p50: 3 * minutes,
      p95: 3 * minutes,
      p99: 3 * minutes,
    },
    data: [
      {
        run_group_id: 'group-1',
        run: {
          run_id: 'main-1-2',
          result: 'APPROVED',
          duration_ms: 2 * minutes,
          created_at: '2026-01-02T00:00:00.000Z',
        },
        with: {
          run_id: 'shadow-1-5',
          result: 'DECLINED',
          duration_ms: 5 * minutes,
          created_at: '2026-01-02T00:00:00.000Z',
        },
      },
    ],
    next_cursor: expect.any(String),
  })
  const cursor = encodeURIComponent(first.next_cursor as string)
  const next = AgreementAnswer.parse((await get('main', `with=shadow&limit=1&cursor=${cursor}`)).json())
  expect(next).toMatchObject({ compared: 5, data: [{ run_group_id: 'group-4' }], next_cursor: null })
  expect((await get('shadow', `with=main&cursor=${cursor}`)).statusCode).toBe(400)
})

test('a group counts by when its run of the first version was created', async () => {
  const answer = await get('main', 'with=shadow&from=2026-01-02T00:00:00Z&to=2026-01-05T00:00:00Z')
  expect(answer.json()).toMatchObject({ groups: 3, compared: 3, agree: 2, ambiguous: 0 })
})

test('versions that have decided nothing together agree about nothing', async () => {
  const answer = await get('main', 'with=nobody')
  expect(answer.json()).toMatchObject({ groups: 0, share: null, results: [], data: [], next_cursor: null })
  expect(answer.json().duration_difference_ms.mean).toBe(null)
})

test.each([
  ['with=main', 'with'],
  ['', 'with'],
  ['with=shadow&from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z', 'to'],
  ['with=a%20b', 'with'],
])('?%s is refused, naming %s', async (query, parameter) => {
  const answer = await get('main', query)
  expect(answer.statusCode).toBe(400)
  expect(answer.json().errors).toMatchObject([{ parameter }])
})
