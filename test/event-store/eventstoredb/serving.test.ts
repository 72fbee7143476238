/** A server over an EventStoreDB that goes away and comes back. */
import { expect, test } from 'vitest'
import { serverForTest, type TestServer } from '../../support/network/http-server.ts'
import { openClient, openCluster, openStandIn } from '../../support/stand-ins.ts'
import { configAt, eventually } from './opened.ts'

const create = (server: TestServer) => server.post('/runs', { policy_version_id: 'policy-1' })

const ready = (server: TestServer) =>
  eventually(
    () => server.get('/readyz'),
    ({ statusCode }) => statusCode === 200,
  )

/** That whatever was answered is in the read model, once. */
const countOf = async (server: TestServer, position: string): Promise<number> => {
  const answer = await server.get('/runs?count=true', { 'run-ledger-position': position })
  return (answer.json() as { count: number }).count
}

test.each([
  ['frozen', 'freeze', 'thaw'],
  ['gone', 'stop', 'start'],
] as const)(
  'while it is %s commands are told so, the server lives, and all of it recovers by itself',
  async (_name, away, back) => {
    const standIn = await openStandIn()
    const ledgerLimits = { answerWithin: 1_500 }
    const server = await serverForTest({ eventStore: configAt(standIn.address), ledgerLimits })
    expect((await create(server)).statusCode).toBe(201)
    await standIn[away]()
    const answers = await Promise.all(Array.from({ length: 5 }, () => create(server)))
    for (const answer of answers) {
      expect(answer.statusCode).toBe(503)
      expect(answer.headers['retry-after']).toMatch(/^\d+$/)
      expect(answer.json()).toMatchObject({ outcome: expect.stringMatching(/^(unknown|not_stored)$/) })
    }
    expect((await server.get('/healthz')).statusCode).toBe(200)
    expect((await server.get('/readyz')).statusCode).toBe(503)
    await standIn[back]()
    await ready(server)
    // What was unknown is settled by the same command again; it is there once.
    const ids = answers.map((answer) => answer.json() as { run_id: string; command_id: string })
    const repeated = await Promise.all(
      ids.map(({ run_id, command_id }) =>
        eventually(
          () => server.post('/runs', { run_id, policy_version_id: 'policy-1' }, { 'idempotency-key': command_id }),
          ({ statusCode }) => statusCode === 201,
        ),
      ),
    )
    const last =
      repeated
        .map(({ headers }) => String(headers['run-ledger-position']))
        .sort()
        .at(-1) ?? ''
    expect(await countOf(server, last)).toBe(6)
  },
  40_000,
)

test('over a cluster that changes its leader no answered command is lost', async () => {
  const cluster = await openCluster(3)
  const server = await serverForTest({ eventStore: configAt(cluster.address) })
  let position = ''
  for (let n = 0; n < 12; n += 1) {
    if (n % 4 === 3) cluster.elect(cluster.nodes[n % 3] ?? null)
    const answer = await create(server)
    expect(answer.statusCode).toBe(201)
    position = String(answer.headers['run-ledger-position'])
  }
  expect(await countOf(server, position)).toBe(12)
})

test('two servers over one log see what the other wrote, and take one command once', async () => {
  const { address } = await openStandIn()
  const [one, other] = [
    await serverForTest({ eventStore: configAt(address) }),
    await serverForTest({ eventStore: configAt(address) }),
  ]
  const { run_id } = (await create(one)).json() as { run_id: string }
  expect((await other.post(`/runs/${run_id}/start`, {}, { 'idempotency-key': 'k' })).statusCode).toBe(200)
  expect((await one.post(`/runs/${run_id}/start`, {}, { 'idempotency-key': 'k' })).statusCode).toBe(200)
  expect((await one.post(`/runs/${run_id}/start`, {})).json()).toMatchObject({ type: '/problems/run-already-started' })
  const completed = await one.post(`/runs/${run_id}/complete`, { status: 'SUCCESS' })
  expect(completed.headers['etag']).toBe('"2"')
  expect((await other.post(`/runs/${run_id}/status`, { status: 'X' })).json()).toMatchObject({
    type: '/problems/run-completed',
  })
  const read = await other.get(`/runs/${run_id}`, {
    'run-ledger-position': String(completed.headers['run-ledger-position']),
  })
  expect(read.json()).toMatchObject({ status: 'SUCCESS' })
  // Under one key, at once, with different bodies.
  for (let n = 0; n < 10; n += 1) {
    const answers = await Promise.all(
      [one, other].map((server, index) =>
        server.post('/runs', { run_id: `r${n}`, policy_version_id: `p${index}` }, { 'idempotency-key': `k${n}` }),
      ),
    )
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, 422])
  }
})

test('a deleted run, and one without its beginning, cannot be read and take no commands', async () => {
  const { address } = await openStandIn()
  const client = openClient(address)
  const server = await serverForTest({ eventStore: configAt(address) })
  const runs = await Promise.all(['deleted', 'tombstoned', 'cut'].map((run_id) => server.create({ run_id })))
  await server.post('/runs/cut/start', {})
  await client.deleteStream('run-deleted')
  await client.tombstoneStream('run-tombstoned')
  await client.setStreamMetadata('run-cut', { truncateBefore: 1 })
  const other = await serverForTest({ eventStore: configAt(address) })
  const expected = { deleted: [500, 'run-unreadable'], tombstoned: [410, 'run-deleted'], cut: [500, 'run-unreadable'] }
  for (const run_id of runs) {
    const answers = [
      await other.get(`/runs/${run_id}?consistency=strong`),
      await other.post(`/runs/${run_id}/status`, { status: 'X' }),
      await other.post('/runs', { run_id, policy_version_id: 'policy-1' }),
    ]
    for (const answer of answers) {
      const { type } = answer.json() as { type: string }
      expect([answer.statusCode, type]).toEqual([
        expected[run_id as keyof typeof expected][0],
        `/problems/${expected[run_id as keyof typeof expected][1]}`,
      ])
    }
  }
  // The read model goes on past them, and knows the tombstone for what it is.
  const after = await create(other)
  expect(await countOf(other, String(after.headers['run-ledger-position']))).toBe(4)
  for (const path of ['', '/replay', '/provenance'])
    expect((await other.get(`/runs/tombstoned${path}`)).json()).toMatchObject({
      status: 410,
      type: '/problems/run-deleted',
    })
  for (const run_id of ['deleted', 'cut'])
    expect((await other.get(`/runs/${run_id}`)).headers['run-ledger-quarantined']).toBe('0')
  const { quarantined } = (await other.get('/runs')).json() as { quarantined: { run_id: string }[] }
  expect(quarantined.map(({ run_id }) => run_id).sort()).toEqual(['cut', 'deleted', 'tombstoned'])
  // The server that had read them before they were deleted learns of it, too.
  for (const run_id of ['deleted', 'cut'])
    await expect
      .poll(async () => (await server.get(`/runs/${run_id}`)).headers['run-ledger-quarantined'], { timeout: 60_000 })
      .toBe('0')
  await expect.poll(async () => (await server.get('/runs/tombstoned')).statusCode, { timeout: 60_000 }).toBe(410)
  await client.setStreamMetadata('run-cut', {})
  await expect
    .poll(async () => (await server.get('/runs/cut')).headers['run-ledger-quarantined'], { timeout: 60_000 })
    .toBeUndefined()
  expect((await server.get('/runs/cut')).json()).toMatchObject({ status: 'STARTED' })
  expect((await other.get('/runs/tombstoned/events')).statusCode).toBe(200)
  expect((await other.get('/audit?run_id=tombstoned')).json()).toMatchObject({
    data: [{ type: '$streamDeleted', changes: null }, { type: 'RunCreated' }],
  })
})
