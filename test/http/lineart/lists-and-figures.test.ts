import { expect, test } from 'vitest'
import { NO_POLICIES } from '../../../src/http/lineart/policies.ts'
import { bodyOf, onBothStores } from '../../support/network/lineart.ts'

onBothStores(NO_POLICIES, ({ send, current }) => {
  test('lists are bare arrays, newest first, and whole days in UTC', async () => {
    expect(bodyOf(await send('GET', '/policy-versions/nobody/runs'))).toEqual([])
    for (const [n, occurred_at] of [
      [1, '2026-04-01T23:59:59.999Z'],
      [2, '2026-05-01T00:00:00.000Z'],
      [3, '2026-05-02T23:59:59.999Z'],
      [4, '2026-05-03T00:00:00.000Z'],
    ] as const)
      await current().post('/runs', { run_id: `list-${n}`, policy_version_id: `list-v${n % 2}`, occurred_at })
    await current().post('/runs/list-4/complete', { status: 'CANCELLED', occurred_at: '2026-05-03T01:00:00Z' })
    const ids = async (path: string) =>
      bodyOf<{ run_id: string }[]>(await send('GET', path)).map(({ run_id }) => run_id)
    expect(await ids('/policy-versions/list-v1/runs')).toEqual(['list-3', 'list-1'])
    expect(await ids('/policies/list/runs')).toEqual(['list-4', 'list-3', 'list-2'])
    expect(await ids('/policies/list/runs?start_date=2026-04-01&end_date=2026-05-02')).toEqual([
      'list-3',
      'list-2',
      'list-1',
    ])
    expect(await ids('/policies/list/runs?start_date=2026-05-02T12:00:00Z')).toEqual(['list-4', 'list-3'])
    expect(await ids('/policies/list/runs?limit=1')).toEqual(['list-4'])
    expect(await ids('/policies/list/runs?start_date=2026-05-03&end_date=2026-05-01')).toEqual([])
    const [cancelled] = bodyOf<object[]>(await send('GET', '/policies/list/runs'))
    expect(cancelled).toMatchObject({ status: 'FAILURE', run_metadata: { $status: 'CANCELLED' } })
  })

  test('a list goes on past a page to its end', async () => {
    const lines = Array.from({ length: 450 }, () => '{"command":"create","policy_version_id":"many-1"}\n').join('')
    const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': 'many' }
    // A busy machine may not store all of them within the time of one answer.
    const taken = async () => (await current().post('/commands', lines, headers)).body.match(/"ok":true/g)?.length
    await expect.poll(taken, { timeout: 120_000 }).toBe(450)
    const runs = bodyOf<{ run_id: string }[]>(await send('GET', '/policies/many/runs'))
    expect(new Set(runs.map(({ run_id }) => run_id)).size).toBe(450)
  })

  test('figures by day have the shapes of its charts, in seconds and per cent', async () => {
    for (const [n, status, result, seconds] of [
      [1, 'SUCCESS', 'APPROVED', 10],
      [2, 'SUCCESS', 'DECLINED', 20],
      [3, 'FAILURE', null, 60],
      [4, null, null, 0],
    ] as const) {
      const run_id = `figure-${n}`
      const day = n === 1 ? '2026-05-01' : '2026-05-02'
      await current().post('/runs', { run_id, policy_version_id: `figure-v${n % 2}`, occurred_at: `${day}T10:00:00Z` })
      await current().post(`/runs/${run_id}/start`, { occurred_at: `${day}T10:00:00Z` })
      const occurred_at = new Date(Date.parse(`${day}T10:00:00Z`) + seconds * 1_000).toISOString()
      if (status !== null) await current().post(`/runs/${run_id}/complete`, { status, result, occurred_at })
    }
    const query = async (name: string, body: object | undefined = {}) =>
      bodyOf(await send('POST', `/policies/figure/runs/${name}/query?start_date=2026-05-01&end_date=2026-05-02`, body))
    expect(await query('duration')).toEqual([
      { date: '2026-05-01', avg_duration: 10, min_duration: 10, max_duration: 10 },
      { date: '2026-05-02', avg_duration: 40, min_duration: 20, max_duration: 60 },
    ])
    expect(await query('duration/by_status')).toEqual([
      { date: '2026-05-01', SUCCESS: 10, FAILURE: null },
      { date: '2026-05-02', SUCCESS: 20, FAILURE: 60 },
    ])
    expect(await query('count')).toEqual([
      { date: '2026-05-01', count: 1, error_rate: 0 },
      { date: '2026-05-02', count: 3, error_rate: 100 / 3 },
    ])
    const third = 100 / 3
    expect(await query('outcomes')).toEqual([
      {
        'date,': '2026-05-01',
        ...{ 'count,APPROVED': 1, 'count,DECLINED': 0, 'count,None': 0 },
        ...{ 'percentage,APPROVED': 100, 'percentage,DECLINED': 0, 'percentage,None': 0 },
      },
      {
        'date,': '2026-05-02',
        ...{ 'count,APPROVED': 0, 'count,DECLINED': 1, 'count,None': 2 },
        ...{ 'percentage,APPROVED': 0, 'percentage,DECLINED': third, 'percentage,None': 2 * third },
      },
    ])
    expect(await query('count', { versions: ['figure-v1'] })).toEqual([
      { date: '2026-05-01', count: 1, error_rate: 0 },
      { date: '2026-05-02', count: 1, error_rate: 100 },
    ])
  })
})
