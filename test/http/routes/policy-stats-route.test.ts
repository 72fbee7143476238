import { beforeAll, expect, test } from 'vitest'
import { PolicyStatsAnswer } from '../../../src/api/policy-stats.ts'
import { serverForAll } from '../../support/network/http-server.ts'

const server = serverForAll({ limits: { buckets: 3 } })
let position = ''

/** Ten runs of one policy version, one every six hours; run n takes n + 1 s, and every third fails. */
beforeAll(async () => {
  const { post } = server.current()
  for (let n = 0; n < 10; n += 1) {
    const created = Date.UTC(2026, 0, 1, 6 * n)
    const at = (ms: number) => new Date(created + ms).toISOString()
    await post('/runs', { run_id: `run-${n}`, policy_version_id: 'policy-1', occurred_at: at(0) })
    let last = await post(`/runs/run-${n}/start`, { occurred_at: at(0) })
    const end =
      n % 3 === 0 ? { status: 'FAILURE' } : { status: 'SUCCESS', result: n % 2 === 0 ? 'APPROVED' : 'DECLINED' }
    if (n < 9) last = await post(`/runs/run-${n}/complete`, { ...end, occurred_at: at(1_000 * (n + 1)) })
    position = String(last.headers['run-ledger-position'])
  }
})

const get = (query: string, id = 'policy-1') =>
  server.current().get(`/policy-versions/${id}/stats?${query}`, { 'run-ledger-position': position })

const stats = async (query: string, id?: string): Promise<PolicyStatsAnswer['data']> => {
  const answer = await get(query, id)
  expect(answer.statusCode, answer.body).toBe(200)
  expect(answer.headers).toMatchObject({ 'cache-control': 'private, no-cache', 'run-ledger-position': position })
  return PolicyStatsAnswer.parse(answer.json()).data
}

test('the figures of all runs tell statuses, results, errors and durations', async () => {
  const [total, ...rest] = await stats('')
  expect(rest).toEqual([])
  expect(total).toMatchObject({ runs: 10, by_status: { FAILURE: 3, SUCCESS: 6, STARTED: 1 }, error_rate: 3 / 9 })
  const shares = new Map(total?.results.map(({ result, count, share }) => [result, [count, share]]))
  expect(shares.get('APPROVED')).toEqual([3, 3 / 9])
  expect(shares.get('DECLINED')).toEqual([3, 3 / 9])
  expect(shares.get(null)).toEqual([3, 3 / 9])
  expect(total?.duration_ms).toMatchObject({ count: 9, mean: 5_000, min: 1_000, max: 9_000 })
  const { p50, p99 } = total?.duration_ms ?? {}
  expect(Math.abs(Number(p50) - 5_000)).toBeLessThanOrEqual(50)
  expect(Math.abs(Number(p99) - 9_000)).toBeLessThanOrEqual(90)
})

test('a run counts in the bucket of its creation', async () => {
  const days = await stats('bucket=day')
  expect(days.map(({ from, to, runs }) => [from, to, runs])).toEqual([
    ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', 4],
    ['2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z', 4],
    ['2026-01-03T00:00:00.000Z', '2026-01-04T00:00:00.000Z', 2],
  ])
  const hours = await stats('bucket=hour&from=2026-01-01T06:00:00Z&to=2026-01-01T18:00:00Z')
  expect(hours.map(({ from, runs }) => [from, runs])).toEqual([
    ['2026-01-01T06:00:00.000Z', 1],
    ['2026-01-01T12:00:00.000Z', 1],
  ])
  expect((await stats('from=2026-01-01T12:00:00%2B06:00&to=2026-01-02T00:00:00Z'))[0]?.runs).toBe(3)
})

test('where nothing completed, rates and durations are null', async () => {
  const [only] = await stats('bucket=hour&from=2026-01-03T06:00:00Z')
  expect(only).toMatchObject({ runs: 1, by_status: { STARTED: 1 }, error_rate: null, results: [] })
  expect(only?.duration_ms).toMatchObject({ count: 0, mean: null, p50: null })
})

test.each(['', 'bucket=hour', 'bucket=day'])(
  'a policy version that no run names has no figures: ?%s',
  async (query) => {
    expect(await stats(query, 'policy-2')).toEqual([])
    expect(await stats(`${query}&from=2027-01-01T00:00:00Z`)).toEqual([])
  },
)

test.each([
  ['bucket=day&from=2026-01-01T01:00:00Z', 'from'],
  ['bucket=day&to=2026-01-01T00:00:00%2B01:00', 'to'],
  ['bucket=hour&from=2026-01-01T01:00:00.001Z', 'from'],
  ['from=2026-01-01T01:30:00Z', 'from'],
  ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'to'],
  ['from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z', 'to'],
  ['bucket=week', 'bucket'],
  ['bucket=hour', 'bucket'],
  ['since=2026-01-01T00:00:00Z', 'since'],
])('?%s is refused, naming %s', async (query, parameter) => {
  const answer = await get(query)
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ type: '/problems/malformed-request', errors: [{ parameter }] })
})

test('an id that no policy version can have is not found', async () => {
  expect((await get('', '%24')).json().type).toBe('/problems/not-found')
})
