import { expect, test } from 'vitest'
import { serverForAll, serverForTest } from '../../support/network/http-server.ts'
import { eventsOf } from '../../support/stores.ts'

const server = serverForAll()
const post = (...args: Parameters<ReturnType<typeof server.current>['post']>) => server.current().post(...args)

const metadataOf = async (run_id: string) =>
  (await eventsOf(server.current().store, run_id)).map(({ metadata }) => JSON.parse(metadata))

test('a run goes through its life, each command answered with the Run that it led to', async () => {
  const created = await post('/runs', {
    run_id: 'life',
    run_group_id: 'group-1',
    policy_version_id: 'policy-1',
    input_data: { amount: 5000 },
    run_metadata: { channel: 'web', tries: null },
    occurred_at: '2026-01-01T00:00:00Z',
    reason: 'applied',
  })
  expect(created.statusCode).toBe(201)
  expect(created.headers).toMatchObject({
    'content-type': 'application/json',
    location: '/runs/life',
    'content-location': '/runs/life',
    etag: '"0"',
    'run-ledger-position': expect.stringMatching(/^\d{20}$/),
  })
  expect(created.json()).toEqual({
    run_id: 'life',
    run_group_id: 'group-1',
    policy_version_id: 'policy-1',
    status: 'PENDING',
    result: null,
    input_data: { amount: 5000 },
    run_metadata: { channel: 'web', tries: null },
    created_at: '2026-01-01T00:00:00.000Z',
    started_at: null,
    last_updated_at: '2026-01-01T00:00:00.000Z',
  })
  const started = await post('/runs/life/start', { occurred_at: '2026-01-01T01:00:00+01:00' })
  expect(started.json()).toMatchObject({ status: 'STARTED', started_at: '2026-01-01T00:00:00.000Z' })
  const changed = await post('/runs/life/status', { status: 'IN_REVIEW', run_metadata: { channel: null, desk: 4 } })
  expect(changed.json()).toMatchObject({ status: 'IN_REVIEW', run_metadata: { desk: 4 } })
  const completed = await post('/runs/life/complete', { status: 'SUCCESS', result: 'APPROVED' })
  expect(completed.statusCode).toBe(200)
  expect(completed.headers).toMatchObject({ etag: '"3"', 'content-location': '/runs/life' })
  expect(completed.headers).not.toHaveProperty('location')
  expect(completed.json()).toMatchObject({ status: 'SUCCESS', result: 'APPROVED' })
})

test('an answer is 201 and names the address of a run whose id the ledger made', async () => {
  const { headers, statusCode, ...answer } = await post('/runs', { policy_version_id: 'policy-1' })
  expect(statusCode).toBe(201)
  expect(headers.location).toBe(`/runs/${answer.json().run_id}`)
})

test('a repeat gets the first answer, whatever happened to the run since', async () => {
  const create = () => post('/runs', { policy_version_id: 'policy-1' }, { 'idempotency-key': 'create-once' })
  const first = await create()
  const { run_id } = first.json()
  const start = () => post(`/runs/${run_id}/start`, undefined, { 'idempotency-key': '"start-once"', 'if-match': '"0"' })
  const started = await start()
  await post(`/runs/${run_id}/complete`, { status: 'FAILURE' })
  for (const [answered, again] of [
    [first, await create()],
    [started, await start()],
  ] as const) {
    expect(again.statusCode).toBe(answered.statusCode)
    expect(again.body).toBe(answered.body)
    for (const name of ['etag', 'location', 'content-location', 'run-ledger-position'])
      expect(again.headers[name]).toBe(answered.headers[name])
  }
  expect(await metadataOf(run_id)).toHaveLength(3)
})

test('an idempotency key is the same bare and in quotes, with quotes and backslashes escaped', async () => {
  await post('/runs', { run_id: 'quoted', policy_version_id: 'policy-1' }, { 'idempotency-key': 'a "key" \\ here' })
  const again = await post(
    '/runs',
    { run_id: 'quoted', policy_version_id: 'policy-1' },
    { 'idempotency-key': '"a \\"key\\" \\\\ here"' },
  )
  expect(again.statusCode).toBe(201)
  expect(await metadataOf('quoted')).toEqual([expect.objectContaining({ command_id: 'a "key" \\ here' })])
})

test('a key that another command has used is refused', async () => {
  await post('/runs', { run_id: 'reused', policy_version_id: 'policy-1' }, { 'idempotency-key': 'k' })
  const other = await post('/runs', { run_id: 'reused', policy_version_id: 'policy-2' }, { 'idempotency-key': 'k' })
  expect(other.json()).toMatchObject({ type: '/problems/idempotency-key-reused', status: 422, revision: 0 })
})

test('If-Match lets a command through at its revision only, and tells the one that the run has', async () => {
  await post('/runs', { run_id: 'matched', policy_version_id: 'policy-1' })
  const wrong = await post('/runs/matched/start', {}, { 'if-match': '"7"' })
  expect(wrong.statusCode).toBe(412)
  expect(wrong.json()).toMatchObject({ type: '/problems/wrong-revision', revision: 0, current_status: 'PENDING' })
  expect((await post('/runs/matched/start', {}, { 'if-match': '"0"' })).statusCode).toBe(200)
})

test('start needs no body, and takes an empty one', async () => {
  await post('/runs', { run_id: 'bodiless', policy_version_id: 'policy-1' })
  expect((await post('/runs/bodiless/start')).statusCode).toBe(200)
  await post('/runs', { run_id: 'empty-body', policy_version_id: 'policy-1' })
  expect((await post('/runs/empty-body/start', '')).statusCode).toBe(200)
})

test('null means absent in every optional field', async () => {
  const answer = await post('/runs', {
    run_id: null,
    run_group_id: null,
    policy_version_id: 'policy-1',
    input_data: null,
    run_metadata: null,
    occurred_at: null,
    reason: null,
  })
  expect(answer.json()).toMatchObject({ run_group_id: null, input_data: {}, run_metadata: {} })
})

test('who acts, for what and in which trace is kept with the event', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const answer = await post(
    '/runs',
    { run_id: 'attributed', policy_version_id: 'policy-1' },
    { 'run-ledger-actor': 'bob', 'x-correlation-id': 'application 7', 'idempotency-key': 'k-1', traceparent },
  )
  expect(answer.headers['x-correlation-id']).toBe('application 7')
  await post('/runs/attributed/start', undefined, { traceparent: 'not a trace', 'idempotency-key': 'k-2' })
  expect(await metadataOf('attributed')).toEqual([
    {
      schema_version: 1,
      command_id: 'k-1',
      actor: 'bob',
      recorded_by: { principal: null, via: 'http' },
      occurred_at_from: 'clock',
      $correlationId: 'application 7',
      $causationId: 'k-1',
      nonce: expect.stringMatching(/^[\w-]{22}$/),
      traceparent,
    },
    expect.objectContaining({ actor: 'anonymous', $correlationId: 'k-2', $causationId: 'k-2' }),
  ])
  expect((await metadataOf('attributed'))[1]).not.toHaveProperty('traceparent')
})

test('an actor is read as UTF-8', async () => {
  const answer = await fetch(`${server.current().url}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'run-ledger-actor': Buffer.from('Zoë Łuk').toString('latin1') },
    body: JSON.stringify({ run_id: 'utf-8-actor', policy_version_id: 'policy-1' }),
  })
  expect(answer.status).toBe(201)
  expect(await metadataOf('utf-8-actor')).toEqual([expect.objectContaining({ actor: 'Zoë Łuk' })])
})

test('ids of 128 characters work in every route', async () => {
  const run_id = `r${'-.:_'.repeat(31)}end`
  expect(run_id).toHaveLength(128)
  expect(
    (await post('/runs', { run_id, policy_version_id: 'p'.repeat(128), run_group_id: 'g'.repeat(128) })).statusCode,
  ).toBe(201)
  expect((await post(`/runs/${run_id}/start`)).statusCode).toBe(200)
  expect((await post(`/runs/${encodeURIComponent(run_id)}/status`, { status: 'S'.repeat(64) })).statusCode).toBe(200)
  const completed = await post(`/runs/${run_id}/complete`, { status: 'SUCCESS' })
  expect(completed.statusCode).toBe(200)
  const position = String(completed.headers['run-ledger-position'])
  const read = await server.current().get(`/runs/${run_id}`, { 'run-ledger-position': position })
  expect(read.json()).toEqual(completed.json())
})

test('a store that does not answer is told with what settles the command, and nothing of its inside', async () => {
  const failing = await serverForTest({
    ledger: (ledger) => ({
      ...ledger,
      // A store that breaks at the right moment is tested below the ledger; here only its answer matters.
      execute:
        ({ run_id, command_id }) =>
        async () => ({
          _tag: 'Left',
          left: {
            _tag: 'CommandUnavailable',
            outcome: 'unknown',
            run_id,
            command_id,
            detail: 'SQLITE_IOERR: /var/data',
          },
        }),
    }),
  })
  const answer = await failing.post('/runs', { run_id: 'r', policy_version_id: 'p' }, { 'idempotency-key': 'k' })
  expect(answer.statusCode).toBe(503)
  expect(answer.headers['retry-after']).toBe('5')
  expect(answer.json()).toMatchObject({ outcome: 'unknown', run_id: 'r', command_id: 'k' })
  expect(answer.body).not.toContain('SQLITE')
})

test('a bug answers 500 with a request id, and says nothing else', async () => {
  const broken = await serverForTest({
    ledger: (ledger) => ({
      ...ledger,
      execute: () => () => Promise.reject(new Error('secret at /home/somebody')),
    }),
  })
  const answer = await broken.post('/runs', { policy_version_id: 'p' })
  expect(answer.statusCode).toBe(500)
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(answer.json()).toMatchObject({ type: '/problems/internal', request_id: expect.any(String) })
  expect(answer.body).not.toContain('secret')
})
