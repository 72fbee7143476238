import { expect, test } from 'vitest'
import { type ClientOptions, createClient, each, type Result } from '../../src/client/client.ts'
import { type Fault, flakyProxy } from '../support/network/flaky-proxy.ts'
import { serverForAll } from '../support/network/http-server.ts'

const server = serverForAll()

const clientOf = (options: Partial<ClientOptions> = {}) =>
  createClient({ url: server.current().url, retry: { minDelay: 1, maxDelay: 5 }, ...options })

const rightOf = <Value>(result: Result<Value>): Value => {
  if (result._tag === 'Left') throw new Error(JSON.stringify(result.left))
  return result.right
}

/** A client whose requests meet `faults`, and what came of them. */
const clientBehind = async (...faults: Fault[]) => {
  const proxy = await flakyProxy(server.current().url, faults)
  return { ledger: clientOf({ url: proxy.url }), proxy }
}

test('a run goes through its life', async () => {
  const ledger = clientOf({ actor: 'Zoë' })
  const created = rightOf(await ledger.createRun({ policy_version_id: 'policy-1', input_data: { amount: 12 } }))
  const { run_id } = created.run
  expect(created).toMatchObject({ revision: 0, run: { status: 'PENDING', input_data: { amount: 12 } } })
  rightOf(await ledger.startRun(run_id))
  rightOf(await ledger.changeStatus(run_id, { status: 'SCORED', run_metadata: { score: 7 } }, { ifMatch: 1 }))
  const completed = rightOf(await ledger.completeRun(run_id, { status: 'SUCCESS', result: 'APPROVED' }))
  const read = rightOf(await ledger.getRun(run_id, {}, { position: completed.position }))
  expect(read).toMatchObject({ run: completed.run, revision: 3, quarantined: null })
  expect(rightOf(await ledger.getRun(run_id, { revision: 1 })).run.status).toBe('STARTED')
})

test('it has a method for each operation of the OpenAPI document', async () => {
  const { paths } = rightOf(await clientOf().getOpenApi()) as {
    paths: Record<string, Record<string, { operationId: string }>>
  }
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  const names = operations.map(({ operationId }) => operationId).filter((name) => name !== 'getProblem')
  expect(Object.keys(clientOf())).toEqual(expect.arrayContaining(names))
})

test.for<readonly Fault[]>([
  ['lose-request'],
  ['lose-answer'],
  ['cut-answer', 'lose-answer'],
  [503, 'lose-answer', 502],
])('a command that meets %j is sent again with its key, and stored once', async (faults) => {
  const { ledger, proxy } = await clientBehind(...faults)
  const created = rightOf(await ledger.createRun({ policy_version_id: 'policy-1' }))
  expect(created.revision).toBe(0)
  expect(proxy.seen).toHaveLength(faults.length + 1)
  const keys = proxy.seen.map(({ headers }) => headers['idempotency-key'])
  expect(new Set(keys)).toEqual(new Set([keys[0]]))
  expect(keys[0]).toMatch(/^"[0-9a-f]{32}"$/)
  const { run_id } = created.run
  const strong = rightOf(await clientOf().getRun(run_id, { consistency: 'strong' }))
  expect(strong).toMatchObject({ revision: 0, run: created.run })
})

test('two commands have two keys', async () => {
  const { ledger, proxy } = await clientBehind()
  rightOf(await ledger.createRun({ policy_version_id: 'policy-1' }))
  rightOf(await ledger.createRun({ policy_version_id: 'policy-1' }))
  const [one, other] = proxy.seen.map(({ headers }) => headers['idempotency-key'])
  expect(one).not.toBe(other)
})

test('it gives up after so many tries, and tells the key that settles the command', async () => {
  const { ledger, proxy } = await clientBehind(...Array<Fault>(20).fill('lose-request'))
  const answer = await ledger.createRun({ policy_version_id: 'policy-1' }, { idempotencyKey: 'k "1"\\' })
  expect(answer).toMatchObject({ _tag: 'Left', left: { _tag: 'network-failure', command_id: 'k "1"\\' } })
  expect(proxy.seen).toHaveLength(6)
  const refusing = await clientBehind(...Array<Fault>(20).fill(503))
  expect(await refusing.ledger.startRun('run-1')).toMatchObject({ left: { _tag: 'store-unavailable', status: 503 } })
  expect(refusing.proxy.seen).toHaveLength(6)
})

test('what is refused for good is sent once, and told by the tag of its problem', async () => {
  const { ledger, proxy } = await clientBehind()
  expect(await ledger.startRun('no-such-run')).toMatchObject({ left: { _tag: 'run-not-found', status: 404 } })
  expect(proxy.seen).toHaveLength(1)
  const invalid = await ledger.createRun({ policy_version_id: '' })
  expect(invalid).toMatchObject({ left: { _tag: 'invalid', errors: [{ pointer: '/policy_version_id' }] } })
})

test('what is no run-ledger is told as that', async () => {
  const { ledger } = await clientBehind(418)
  expect(await ledger.getHealth()).toMatchObject({ left: { status: 418 } })
  const elsewhere = clientOf({ url: `${server.current().url}/docs/` })
  expect(await elsewhere.listRuns()).toMatchObject({ left: { _tag: 'not-found' } })
  const page = clientOf({ fetch: async () => new Response('<html>', { status: 200 }) })
  expect(await page.listRuns()).toMatchObject({ left: { _tag: 'unexpected-answer' } })
})

test('the signal ends a call that waits for its next try', async () => {
  const { url } = await flakyProxy(server.current().url, Array<Fault>(20).fill(503))
  const aborting = new AbortController()
  const call = createClient({ url, retry: { minDelay: 60_000, maxDelay: 60_000 } }).createRun(
    { policy_version_id: 'policy-1' },
    { signal: aborting.signal, idempotencyKey: 'k-1' },
  )
  setTimeout(() => aborting.abort(), 20)
  expect(await call).toEqual({ _tag: 'Left', left: { _tag: 'aborted', command_id: 'k-1' } })
})

test('asked to read its own writes, it finds each at once', async () => {
  const ledger = clientOf({ readYourWrites: true })
  expect(ledger.position()).toBeNull()
  for (let n = 0; n < 20; n += 1) {
    const { run, position } = rightOf(await ledger.createRun({ policy_version_id: 'policy-own' }))
    expect(ledger.position()).toBe(position)
    expect(rightOf(await ledger.getRun(run.run_id)).run).toEqual(run)
  }
  const lines = ['own-1', 'own-2'].map(
    (run_id) => ({ command: 'create', run_id, policy_version_id: 'policy-own' }) as const,
  )
  rightOf(await ledger.executeCommands(lines))
  expect(rightOf(await ledger.getRun('own-2')).revision).toBe(0)
})

test('many commands are answered each, and again after a lost answer as the first time', async () => {
  const { ledger, proxy } = await clientBehind('lose-answer')
  const answers = rightOf(
    await ledger.executeCommands([
      { command: 'create', run_id: 'many-1', policy_version_id: 'policy-1' },
      { command: 'complete', run_id: 'many-2', status: 'SUCCESS' },
      { command: 'start', run_id: 'many-1', actor: 'alice' },
    ]),
  )
  expect(proxy.seen).toHaveLength(2)
  expect(answers).toMatchObject([
    { line: 1, ok: true, run_id: 'many-1', revision: 0 },
    { line: 2, ok: false, problem: { type: '/problems/run-not-found' } },
    { line: 3, ok: true, revision: 1 },
  ])
})

test('each walks every page, under filters of any kind', async () => {
  const ledger = clientOf({ readYourWrites: true })
  const ids = ['a', 'b', 'c', 'd', 'e'].map((name) => `walk-${name}`)
  const lines = ids.map(
    (run_id) =>
      ({ command: 'create', run_id, policy_version_id: 'policy-walk', run_metadata: { 'desk &': 'ü+1' } }) as const,
  )
  rightOf(await ledger.executeCommands(lines))
  const query = { policy_version_id: ['policy-walk', 'x'], metadata: { 'desk &': 'ü+1' }, status: 'PENDING', limit: 2 }
  const walked: string[] = []
  for await (const run of each(ledger.listRuns, query)) walked.push(rightOf(run).run_id)
  expect(walked.sort()).toEqual(ids)
})

test('history, groups and figures are read as they are told', async () => {
  const ledger = clientOf({ readYourWrites: true, actor: 'Zoë' })
  const run_id = 'trail-1'
  rightOf(await ledger.createRun({ run_id, run_group_id: 'trail', policy_version_id: 'policy-trail' }))
  rightOf(await ledger.startRun(run_id))
  const { run } = rightOf(await ledger.completeRun(run_id, { status: 'SUCCESS', result: 'APPROVED' }))
  const events = rightOf(await ledger.listRunEvents(run_id))
  expect(events.data.map(({ type, actor }) => [type, actor])).toEqual([
    ['RunCreated', 'Zoë'],
    ['RunStarted', 'Zoë'],
    ['RunCompleted', 'Zoë'],
  ])
  expect(events.position).toBe(ledger.position())
  const steps: unknown[] = []
  for await (const step of each((page) => ledger.replayRun(run_id, page), { limit: 1 })) steps.push(rightOf(step))
  expect(steps).toHaveLength(3)
  expect(steps.at(-1)).toMatchObject({ revision: 2, entry: events.data[2], run })
  const { data: set } = rightOf(await ledger.getProvenance(run_id))
  expect(set.find(({ path }) => path === '/result')).toMatchObject({ value: 'APPROVED', entry: events.data[2] })
  const trail = rightOf(await ledger.listEntries({ run_id, actor: ['Zoë', 'nobody'], sort: 'position' }))
  expect(trail.data).toEqual(events.data)
  expect(rightOf(await ledger.getRunGroup('trail'))).toMatchObject({ runs: 1, by_status: { SUCCESS: 1 }, data: [run] })
  expect(rightOf(await ledger.getPolicyStats('policy-trail')).data).toMatchObject([{ runs: 1, error_rate: 0 }])
  expect(rightOf(await ledger.getAgreement('policy-trail', { with: 'another' }))).toMatchObject({
    compared: 0,
    data: [],
  })
  expect(rightOf(await ledger.listProjections()).data.length).toBeGreaterThan(0)
  expect(rightOf(await ledger.getReadiness())).toEqual({ status: 'ready' })
  expect(rightOf(await ledger.getHealth())).toEqual({ status: 'up' })
})

test('an export is read as it comes', async () => {
  const ledger = clientOf({ readYourWrites: true })
  rightOf(await ledger.createRun({ run_id: 'exported-1', policy_version_id: 'policy-1' }))
  const exported = rightOf(await ledger.exportEntries('ndjson', { run_id: 'exported-1' }))
  expect(exported.position).toBe(ledger.position())
  const lines = (await new Response(exported.body).text()).trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { run_id: string }).run_id)).toEqual(['exported-1'])
})

test('a walk ends with the problem that stopped it', async () => {
  const met: unknown[] = []
  for await (const run of each(clientOf().listRuns, { cursor: 'no-cursor' })) met.push(run)
  expect(met).toMatchObject([{ _tag: 'Left', left: { _tag: 'malformed-request' } }])
})
