/** A served ledger for tests of the pages: two days of the demo, and runs made for what the tests tell. */
import { demoCommands } from '../../../src/cli/demo/demo-decisions.ts'
import { startServer, type TestServer } from '../network/http-server.ts'
import { type PathProxy, startPathProxy } from '../network/path-proxy.ts'

export type PagesLedger = Readonly<{
  server: TestServer
  proxy: PathProxy
  /** The address at the root, and the one under a path. */
  roots: readonly [string, string]
  close: () => Promise<void>
}>

export const openPagesLedger = async (options: Parameters<typeof startServer>[0] = {}): Promise<PagesLedger> => {
  const server = await startServer(options)
  const proxy = await startPathProxy(server.url, '/x/')
  await send(server, [...recentDemoLines(), ...TOLD])
  return {
    server,
    proxy,
    roots: [`${server.url}/`, proxy.url],
    close: async () => {
      await proxy.close()
      await server.close()
    },
  }
}

/** Executes the lines, and waits until they can be read. */
export const send = async (server: TestServer, lines: readonly object[]): Promise<void> => {
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  const answer = await server.post('/commands', body, { 'content-type': 'application/x-ndjson' })
  const refused = answer.body.split('\n').find((line) => line.includes('"ok":false'))
  if (answer.statusCode !== 200 || refused !== undefined) throw new Error(refused ?? answer.body)
  const head = await server.store.headPosition()()
  if (head._tag === 'Right') await server.readModel.waitFor(head.right, 60_000)
}

const DAY_MS = 86_400_000

const recentDemoLines = (): readonly object[] => {
  const now = Date.now()
  const from = new Date(now - (now % 60_000) - 28 * DAY_MS).toISOString()
  const lines = demoCommands({ seed: 1, from }).map(({ line }) => line)
  const recent = new Set(
    lines
      .filter((line) => line['command'] === 'create' && Date.parse(line.occurred_at) > now - 2 * DAY_MS)
      .map(({ run_id }) => run_id),
  )
  return lines.filter(({ run_id }) => recent.has(run_id))
}

// So recent that they stand on the first page of the list.
const BEGIN = Date.now() - 30 * 60_000
const at = (minute: number) => ({ occurred_at: new Date(BEGIN + minute * 60_000).toISOString() })

/** `offer-1`: whose offer was changed, by whom, and why. `failed-1` and `went-well-1`: one of each. */
const TOLD: readonly object[] = [
  {
    command: 'create',
    run_id: 'offer-1',
    policy_version_id: 'personal-loan-3.2',
    run_group_id: 'told',
    actor: 'web-portal',
    input_data: { amount: 12_000 },
    ...at(0),
  },
  { command: 'start', run_id: 'offer-1', actor: 'decision-engine', ...at(1) },
  {
    command: 'change_status',
    run_id: 'offer-1',
    actor: 'alice',
    status: 'OFFERED',
    run_metadata: { offer: { rate: 9.2 } },
    reason: 'Standard terms',
    ...at(2),
  },
  {
    command: 'change_status',
    run_id: 'offer-1',
    actor: 'bob',
    status: 'OFFERED',
    run_metadata: { offer: { rate: 7.9 } },
    reason: 'Matched a competitor',
    ...at(3),
  },
  { command: 'complete', run_id: 'offer-1', actor: 'alice', status: 'SUCCESS', result: 'APPROVED', ...at(4) },
  ...['failed-1', 'went-well-1'].flatMap((run_id) => [
    {
      command: 'create',
      run_id,
      policy_version_id: 'credit-card-1.4',
      run_group_id: 'told',
      actor: 'web-portal',
      input_data: { limit: run_id === 'failed-1' ? 0 : 500 },
      ...at(10),
    },
    { command: 'start', run_id, actor: 'decision-engine', ...at(11) },
    {
      command: 'change_status',
      run_id,
      actor: 'decision-engine',
      status: 'SCORED',
      run_metadata: { score: run_id === 'failed-1' ? -1 : 640 },
      ...at(12),
    },
  ]),
  {
    command: 'complete',
    run_id: 'failed-1',
    actor: 'decision-engine',
    status: 'FAILURE',
    result: 'SCORE_OUT_OF_RANGE',
    reason: 'The score was negative',
    ...at(13),
  },
  {
    command: 'complete',
    run_id: 'went-well-1',
    actor: 'decision-engine',
    status: 'SUCCESS',
    result: 'APPROVED',
    ...at(14),
  },
]
