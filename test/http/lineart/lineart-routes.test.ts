import { expect, test } from 'vitest'
import type { LineartPolicies } from '../../../src/http/lineart/policies.ts'
import type { Headers } from '../../support/network/http-server.ts'
import { bodyOf, NOW, onBothStores } from '../../support/network/lineart.ts'

const POLICIES: LineartPolicies = new Map([
  [
    'credit',
    {
      versions: ['credit-1', 'credit-2', 'credit-3'],
      choice: [
        { policy_version_id: 'credit-1', frequency: 500 },
        { policy_version_id: 'credit-2', frequency: 500 },
      ],
      shadow: ['credit-3'],
    },
  ],
])

/** A run's events as the audit trail has them. */
type Event = Readonly<{ type: string; data: { status?: string; result?: string; run_metadata?: unknown } }>

onBothStores(POLICIES, ({ send, current }) => {
  const create = async (version: string, headers: Headers = {}) =>
    bodyOf<{ run_id: string }>(
      await send(
        'POST',
        `/policy-versions/${version}/runs`,
        { input_data: { income: 100 }, config_variables: null },
        headers,
      ),
    ).run_id
  const update = (run_id: string, status: string, result = '', metadata?: object) =>
    send('PUT', `/internal/runs/${run_id}`, { status, result, ...(metadata && { metadata }) })
  const eventsOf = async (run_id: string): Promise<readonly Event[]> =>
    (await current().get(`/audit?run_id=${run_id}&sort=position&limit=100`)).json().data

  /** The events once the read model has as many. */
  const settled = async (run_id: string, count: number) => {
    await expect.poll(async () => (await eventsOf(run_id)).length).toBe(count)
    return eventsOf(run_id)
  }

  test('a run of a version is created, started, and completed, and read as the SDK does', async () => {
    const created = await send('POST', '/policy-versions/v-life/runs', {
      input_data: { income: 100 },
      config_variables: { rate: 3 },
    })
    const { run_id, ...rest } = bodyOf<{ run_id: string }>(created)
    expect(rest).toEqual({ policy_version_id: 'v-life' })
    const pending = bodyOf<object>(await send('GET', `/runs/${run_id}`))
    expect(pending).toEqual({
      run_id,
      run_group_id: null,
      policy_version_id: 'v-life',
      status: 'PENDING',
      result: null,
      input_data: { income: 100 },
      run_metadata: { $config_variables: { rate: 3 } },
      created_at: NOW,
      started_at: null,
      last_updated_at: NOW,
    })
    expect(bodyOf(await update(run_id, 'STARTED', '', { worker: 7 }))).toMatchObject({
      status: 'STARTED',
      run_metadata: { worker: 7, $status: 'STEP' },
    })
    expect(bodyOf(await update(run_id, 'SUCCESS', 'APPROVED', { score: 1 }))).toMatchObject({
      status: 'SUCCESS',
      result: 'APPROVED',
      run_metadata: { worker: 7, score: 1 },
    })
    expect((await settled(run_id, 4)).map(({ type }) => type)).toEqual([
      'RunCreated',
      'RunStarted',
      'RunStatusChanged',
      'RunCompleted',
    ])
  })

  test('a retried PUT stores once, and a late start does not bury the result', async () => {
    const run_id = await create('v-late')
    for (let n = 0; n < 3; n += 1) bodyOf(await update(run_id, 'STARTED', '', { attempt: 1 }))
    for (let n = 0; n < 3; n += 1) bodyOf(await update(run_id, 'FAILURE', 'ERROR'))
    const after = bodyOf<object>(await update(run_id, 'STARTED', '', { attempt: 2 }))
    expect(after).toMatchObject({ status: 'FAILURE', result: 'ERROR', run_metadata: { attempt: 1 } })
    expect(after).toEqual(bodyOf(await send('GET', `/runs/${run_id}`)))
    expect(await settled(run_id, 4)).toHaveLength(4)
  })

  test('a result that overtakes its start is stored, with the start that it implies', async () => {
    const run_id = await create('v-fast')
    expect(bodyOf(await update(run_id, 'SUCCESS', 'DECLINED'))).toMatchObject({ status: 'SUCCESS', started_at: NOW })
    bodyOf(await update(run_id, 'STARTED'))
    expect((await settled(run_id, 3)).map(({ type }) => type)).toEqual(['RunCreated', 'RunStarted', 'RunCompleted'])
  })

  test('starts and results that arrive at once lead to one start and one result', async () => {
    const run_id = await create('v-race')
    const answers = await Promise.all([
      update(run_id, 'STARTED'),
      update(run_id, 'SUCCESS', 'APPROVED'),
      update(run_id, 'STARTED'),
      update(run_id, 'SUCCESS', 'APPROVED'),
    ])
    for (const answer of answers) bodyOf(answer)
    expect((await settled(run_id, 3)).map(({ type }) => type)).toEqual(['RunCreated', 'RunStarted', 'RunCompleted'])
  })

  test('after completion the same report is answered, and any other is a conflict', async () => {
    const run_id = await create('v-done')
    bodyOf(await update(run_id, 'SUCCESS', 'APPROVED'))
    bodyOf(await update(run_id, 'SUCCESS', 'APPROVED', { more: true }))
    for (const [status, result] of [
      ['SUCCESS', 'DECLINED'],
      ['FAILURE', 'APPROVED'],
      ['PENDING', ''],
    ] as const)
      expect(bodyOf(await update(run_id, status, result), 409)).toEqual({
        detail: 'the run is SUCCESS with the result "APPROVED", and stays so',
      })
  })

  test('a step is stored once under its name, starts a pending run, and is part of the run’s data', async () => {
    const run_id = await create('v-step')
    const step = {
      step_name: 'score',
      node_type: 'TRANSFORM',
      start_time: 1.5,
      end_time: 2.25,
      error: null,
      extra: { a: 1 },
    }
    for (let n = 0; n < 2; n += 1)
      expect(bodyOf(await send('POST', `/internal/runs/${run_id}/metadata`, step))).toEqual({ status: 'success' })
    const another = { 'run-ledger-actor': 'another-worker' }
    bodyOf(await send('POST', `/internal/runs/${run_id}/metadata`, step, another))
    bodyOf(await update(run_id, 'SUCCESS', 'OK'))
    expect(bodyOf(await send('POST', `/internal/runs/${run_id}/metadata`, step))).toEqual({ status: 'success' })
    bodyOf(await send('POST', `/internal/runs/${run_id}/metadata`, { ...step, step_name: 'late' }), 409)
    expect(bodyOf<{ steps: unknown }>(await send('GET', `/runs/${run_id}/data`)).steps).toEqual({
      score: {
        output: null,
        metadata: { step_name: 'score', node_type: 'TRANSFORM', start_time: 1.5, end_time: 2.25, extra: { a: 1 } },
      },
    })
    expect(await settled(run_id, 4)).toHaveLength(4)
  })

  test('a repeat under an Idempotency-Key finds the first run', async () => {
    const key = { 'idempotency-key': 'key-1' }
    const first = await create('v-key', key)
    expect(await create('v-key', key)).toBe(first)
    expect(
      bodyOf<{ detail: string }>(await send('POST', '/policy-versions/other/runs', { input_data: {} }, key), 422),
    ).toEqual({
      detail: expect.stringContaining('another command is stored under this key'),
    })
  })

  test('a run group has a main run by choice and its shadows; a repeat completes what is missing', async () => {
    const body = { input_data: { income: 5 } }
    const key = { 'idempotency-key': 'group-1' }
    type Group = { policy_id: string; run_group_id: string; runs: { main: string; shadow: string[] } }
    const group = bodyOf<Group>(await send('POST', '/policies/credit/runs', body, key))
    expect(bodyOf<Group>(await send('POST', '/policies/credit/runs', body, key))).toEqual(group)
    expect(group).toMatchObject({ policy_id: 'credit', runs: { shadow: [expect.any(String)] } })
    const runs = await Promise.all(
      [group.runs.main, ...group.runs.shadow].map(async (id) => bodyOf<object>(await send('GET', `/runs/${id}`))),
    )
    expect(runs).toMatchObject([
      { run_group_id: group.run_group_id, policy_version_id: expect.stringMatching(/^credit-[12]$/) },
      { run_group_id: group.run_group_id, policy_version_id: 'credit-3', input_data: { income: 5 } },
    ])
    const others = await Promise.all(
      Array.from(
        { length: 40 },
        async () => bodyOf<Group>(await send('POST', '/policies/credit/runs', body)).runs.main,
      ),
    )
    const mains = await Promise.all(
      others.map(
        async (id) => bodyOf<{ policy_version_id: string }>(await send('GET', `/runs/${id}`)).policy_version_id,
      ),
    )
    expect(new Set(mains)).toEqual(new Set(['credit-1', 'credit-2']))
    expect(bodyOf(await send('POST', '/policies/nothing/runs', body), 404)).toEqual({
      detail: expect.stringContaining('no policy has this id'),
    })
  })

  test('refusals have the shapes of its server', async () => {
    const run_id = await create('v-wrong')
    expect(bodyOf(await send('GET', '/runs/nobody'), 404)).toEqual({ detail: 'no run has this id' })
    expect(bodyOf(await update('nobody', 'STARTED'), 404)).toEqual({ detail: 'no run has this id' })
    expect(bodyOf(await send('GET', '/runs'), 404)).toEqual({ detail: expect.any(String) })
    expect(bodyOf(await update(run_id, 'DONE'), 422)).toEqual({
      detail: [{ loc: ['body', 'status'], msg: expect.stringContaining('must be one of'), type: 'value_error' }],
    })
    expect(bodyOf(await send('POST', '/policy-versions/v/runs', {}), 422)).toEqual({
      detail: [{ loc: ['body', 'input_data'], msg: 'must be an object', type: 'value_error' }],
    })
    expect(bodyOf(await send('GET', '/policies/p/runs?start_date=yesterday'), 422)).toEqual({
      detail: [
        { loc: ['query', 'start_date'], msg: 'must be a date, or a time, like 2026-05-04', type: 'value_error' },
      ],
    })
    const broken = await current().app.inject({
      method: 'PUT',
      url: `/compat/lineart/internal/runs/${run_id}`,
      headers: { 'content-type': 'application/json' },
      payload: '{"status":',
    })
    expect(bodyOf(broken, 422)).toEqual({
      detail: [expect.objectContaining({ loc: ['body', 0], type: 'json_invalid' })],
    })
    for (const [method, path] of [
      ['GET', `/runs/${run_id}/logs`],
      ['POST', '/policy-versions/v/run'],
    ] as const)
      expect(bodyOf(await send(method, path, method === 'POST' ? { input_data: {} } : undefined), 501)).toEqual({
        detail: expect.stringContaining('executes no policies'),
      })
  })
})
