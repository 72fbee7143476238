/** The same requests to a server over each store: the same answers, but for positions, recorded times and what is made anew for each event. */
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { START, type StoredEvent } from '../../src/event-store/event-store.ts'
import { configAt, PATIENT } from '../event-store/eventstoredb/opened.ts'
import { type StandIn, startStandIn } from '../support/eventstoredb/stand-in.ts'
import { type Headers, startServer, type TestServer } from '../support/network/http-server.ts'

type Side = Readonly<{ server: TestServer; events: readonly StoredEvent[]; nameOf: (text: string) => string }>

let standIn: StandIn
let sides: readonly [Side, Side]
const told: [string[], string[]] = [[], []]

const NOW = '2026-05-04T09:30:00.000Z'

beforeAll(async () => {
  standIn = await startStandIn({})
  const options = { now: () => NOW, cloudEventsSource: 'https://ledger.example' }
  const servers = [
    await startServer(options),
    await startServer({ ...options, eventStore: configAt(standIn.address, PATIENT) }),
  ] as const
  for (const [n, server] of servers.entries())
    for (const [path, body, headers] of COMMANDS) {
      told[n as 0 | 1].push(seen(await server.post(path, body, headers)))
      // Each event gets a time of recording of its own, so that `known_at` can tell them apart.
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  sides = [await sideOf(servers[0]), await sideOf(servers[1])]
})

afterAll(async () => {
  await Promise.all(sides.map(({ server }) => server.close()))
  await standIn.stop()
})

const as = (actor: string, key: string, more: Headers = {}): Headers => ({
  'Idempotency-Key': key,
  'Run-Ledger-Actor': actor,
  ...more,
})

const IDS = ['loan-1', 'loan-2', 'loan-3', 'Kredit-4:a_b.c']
const pathOf = (run_id: string) => `/runs/${encodeURIComponent(run_id)}`
const at = (minute: number) => `2026-05-0${1 + (minute % 3)}T10:${String(minute).padStart(2, '0')}:00.000Z`

type Command = readonly [path: string, body: unknown, headers?: Headers]

const lifeOf = (run_id: string, n: number): readonly Command[] => [
  [
    '/runs',
    {
      run_id,
      run_group_id: n % 2 === 0 ? 'morning' : undefined,
      policy_version_id: n < 2 ? 'policy-1' : 'policy-2',
      input_data: { amount: 1_000 * n, deep: { list: [1, { b: 'ü' }] } },
      run_metadata: { channel: n === 1 ? 'branch' : 'web' },
      occurred_at: at(n),
    },
    as('web-portal', `${n}-create`, { 'X-Correlation-Id': `case-${n}` }),
  ],
  [`${pathOf(run_id)}/start`, { occurred_at: at(3 + n) }, as('engine', `${n}-start`)],
  [
    `${pathOf(run_id)}/status`,
    { status: 'SCORED', run_metadata: { score: 600 + n, channel: null }, reason: 'the model says so' },
    as('engine', `${n}-score`, { 'If-Match': '"1"' }),
  ],
]

const COMMANDS: readonly Command[] = [
  ...IDS.slice(0, 3).flatMap(lifeOf),
  ['/runs/loan-1/complete', { status: 'SUCCESS', result: 'APPROVED' }, as('resource-112', '1-complete')],
  ['/runs/loan-2/complete', { status: 'FAILURE' }, as('resource-113', '2-complete')],
  ['/runs', { run_id: IDS[3], policy_version_id: 'policy-2' }, as('batch', '3-create')],
  // What was sent already, another command under its key, and what no run can take.
  ['/runs/loan-1/start', { occurred_at: at(3) }, as('engine', '0-start')],
  ['/runs/loan-1/start', { occurred_at: at(9) }, as('engine', '0-start')],
  ['/runs', { run_id: 'loan-1', policy_version_id: 'policy-1' }, as('web-portal', 'again')],
  ['/runs/loan-1/status', { status: 'LATE' }, as('engine', 'late')],
  ['/runs/loan-3/complete', { status: 'SUCCESS' }, as('engine', 'elsewhere', { 'If-Match': '"7"' })],
  ['/runs/loan-3/complete', { status: 'DONE' }, as('engine', 'wrong')],
  ['/runs/nobody/start', {}, as('engine', 'nobody')],
  ['/runs', '{"run_id":', as('engine', 'broken')],
  [
    '/runs',
    { run_id: 'big', policy_version_id: 'p', input_data: { text: 'x'.repeat(1_100_000) } },
    as('engine', 'big'),
  ],
  [
    '/commands',
    [
      '{"command":"start","run_id":"Kredit-4:a_b.c","command_id":"line-1","actor":"batch"}',
      '{"command":"start","run_id":"Kredit-4:a_b.c","command_id":"line-2","actor":"batch"}',
      '{"command":"fly","run_id":"loan-3"}',
      '{"command":"change_status","run_id":"loan-3","status":"REFERRED","command_id":"line-4","reason":"by hand"}',
    ].join('\n'),
    { 'content-type': 'application/x-ndjson', 'Idempotency-Key': 'lines' },
  ],
]

/** What is the ledger's own in an answer: no more of its headers than callers are promised. */
const seen = ({ statusCode, headers, body }: LightMyRequestResponse): string =>
  [statusCode, headers['content-type'], headers['etag'], headers['location'], body].join('\n')

const sideOf = async (server: TestServer): Promise<Side> => {
  const events: StoredEvent[] = []
  const ended = new AbortController()
  for await (const batch of server.store.subscribe({ from: START, signal: ended.signal })) {
    events.push(...batch.events)
    if (batch.caughtUp) ended.abort()
  }
  await server.readModel.waitFor(events.at(-1)?.position ?? START, 10_000)
  const names = new Map(
    events.flatMap(({ position, recorded_at, event_id }, n) => [
      [position, `position ${n}`],
      [event_id, `event ${n}`],
      [recorded_at, `recorded ${n}`],
    ]),
  )
  return { server, events, nameOf: (text) => names.get(text) ?? text }
}

/** The answer with every position, recorded time and event id named by the event that has it, and without nonces. */
const named = (text: string, { nameOf }: Side): string =>
  text
    .replaceAll(/\b\d{20}\b/g, nameOf)
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]{12}Z/g, nameOf)
    .replaceAll(/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/g, (id) => nameOf(id))
    .replaceAll(/(\\?"nonce\\?":\\?")[\w-]{22}/g, '$1…')
    // The cursor holds the position; where it leads to is asked besides. The heart beats when it does.
    .replaceAll(/("next_cursor":)"[^"]+"/g, '$1"…"')
    .replaceAll(/("last_heartbeat":)"[^"]+"/g, '$1"…"')
    .replaceAll(/"position":"(?:position )?\d+","caught_up"/g, '"caught_up"')

/** Pages of `path` to the last, as one side answers them. */
const pagesOf = async (side: Side, path: string, headers: Headers): Promise<readonly string[]> => {
  const pages: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`
    const answer: LightMyRequestResponse = await side.server.get(path + query, headers)
    pages.push(named(seen(answer), side))
    const isPage = answer.statusCode === 200 && String(answer.headers['content-type']).includes('application/json')
    cursor = isPage ? ((answer.json() as { next_cursor?: string | null }).next_cursor ?? null) : null
  }
  return pages
}

/** `event(n)` stands for its side's n-th event. */
type Path = (event: (n: number) => StoredEvent) => string

const paths = (...texts: readonly string[]): readonly Path[] => texts.map((text) => () => text)

const NTH = [0, 3, 8, 11, 14]

const OF_A_RUN = [...IDS, 'nobody', 'n'.repeat(200)].flatMap((run_id): readonly Path[] => [
  ...paths(
    ...['', '?consistency=strong', '/events', '/events?limit=1', '/replay', '/replay?limit=2', '/provenance'],
    ...[0, 1, 2, 3, 99, -1].map((revision) => `?revision=${revision}`),
    ...[0, 3, 4, 5, 50].map((minute) => `?as_of=${at(minute)}`),
  ).map(
    (path): Path =>
      (event) =>
        pathOf(run_id) + path(event),
  ),
  ...NTH.flatMap((n): readonly Path[] => [
    (event) => `${pathOf(run_id)}?known_at=${event(n).recorded_at}`,
    (event) => `${pathOf(run_id)}?as_of=${at(4)}&known_at=${event(n).recorded_at}`,
  ]),
])

const LISTS = [
  ...paths(
    ...['created_at', '-created_at', 'last_updated_at', '-last_updated_at', 'revision'].flatMap((sort) => [
      `/runs?sort=${sort}`,
      `/runs?sort=${sort}&limit=1`,
    ]),
    ...['status=SCORED', 'status=SUCCESS&status=FAILURE', 'result=APPROVED', 'run_group_id=morning'].map(
      (filter) => `/runs?count=true&${filter}`,
    ),
    ...['policy_version_id=policy-2', 'metadata=score:601', 'metadata=channel:web', 'status=', 'limit=0'].map(
      (filter) => `/runs?count=true&${filter}`,
    ),
    `/runs?created_after=${at(1)}&created_before=${at(2)}`,
    `/runs?updated_after=${at(5)}&count=true`,
    `/runs?as_of=${at(4)}&count=true`,
    `/runs?as_of=${at(4)}&status=STARTED&limit=1`,
    '/runs?cursor=none',
  ),
  ...NTH.map(
    (n): Path =>
      (event) =>
        `/runs?known_at=${event(n).recorded_at}&count=true&limit=2`,
  ),
]

const FORMATS = ['json', 'ndjson', 'csv', 'cloudevents']

const TRAIL = [
  ...paths(
    ...['position', '-position', 'occurred_at', '-occurred_at'].flatMap((sort) => [
      `/audit?sort=${sort}`,
      `/audit?sort=${sort}&limit=3`,
    ]),
    ...FORMATS.flatMap((format) => [`/audit?format=${format}`, `/audit?format=${format}&actor=engine`]),
    ...['actor=engine', 'type=RunCreated&type=RunStarted', 'run_id=loan-2', 'policy_version_id=policy-2'].map(
      (filter) => `/audit?${filter}`,
    ),
    ...['run_group_id=morning', 'command_id=line-4', 'correlation_id=case-1', 'actor=nobody', 'type=Unknown'].map(
      (filter) => `/audit?${filter}`,
    ),
    `/audit?occurred_after=${at(1)}&occurred_before=${at(5)}`,
  ),
  ...NTH.map(
    (n): Path =>
      (event) =>
        `/audit?recorded_after=${event(n).recorded_at}&sort=position`,
  ),
  ...NTH.map(
    (n): Path =>
      (event) =>
        `/audit?recorded_before=${event(n).recorded_at}&limit=2`,
  ),
]

const FIGURES = paths(
  ...['/run-groups', '/policy-versions'].flatMap((list) => [list, `${list}?limit=1`]),
  '/policy-versions/policy-1/agreement?with=policy-2',
  '/runs?q=run_id%20%3D%20%22loan-1%22%20and%20metadata.score%20%3E%3D%20601&count=true',
  ...['morning', 'none'].flatMap((group) => [`/run-groups/${group}`, `/run-groups/${group}?limit=1`]),
  ...['policy-1', 'policy-2', 'none'].flatMap((version) =>
    ['', '?bucket=day', '?bucket=hour', `?from=${at(2)}&to=${NOW}`, '?bucket=year'].map(
      (query) => `/policy-versions/${version}/stats${query}`,
    ),
  ),
)

const COMPARED = paths(
  '/compare?a=loan-1&b=loan-2',
  `/compare?a=loan-1@0&b=loan-1@${at(5)}`,
  '/compare?a=loan-1&b=nobody',
  '/compare?a=loan-1',
)

const SERVICE = paths('/', '/projections', '/healthz', '/readyz', '/problems/run-exists', '/nothing')

const ACCEPTED = ['application/json', 'application/x-ndjson', 'text/csv']

test('commands are answered alike, and store the same events', () => {
  const [embedded, eventStoreDb] = sides.map((side, n) => told[n as 0 | 1].map((text) => named(text, side)))
  expect(eventStoreDb).toEqual(embedded)
  const statuses = told[0].map((text) => Number(text.slice(0, 3)))
  expect(new Set(statuses)).toEqual(new Set([200, 201, 400, 404, 409, 412, 413, 422]))
  const [one, other] = sides.map((side) => side.events.map((event) => JSON.parse(named(JSON.stringify(event), side))))
  expect(other).toEqual(one)
  expect(one).toHaveLength(14)
})

test.each([
  ['a run, as it is, was and was known', OF_A_RUN],
  ['lists of runs', LISTS],
  ['the audit trail', TRAIL],
  ['groups and figures', FIGURES],
  ['runs beside each other', COMPARED],
  ['the service itself', SERVICE],
])('%s: every page is the same', async (_, asked) => {
  const answersOf = async (side: Side) => {
    const eventAt = (n: number) => side.events[Math.min(n, side.events.length - 1)] as StoredEvent
    const answers = new Map<string, readonly string[]>()
    for (const path of asked)
      for (const accept of ACCEPTED) {
        const url = path(eventAt)
        answers.set(`${accept} ${named(url, side)}`, await pagesOf(side, url, { accept }))
      }
    return answers
  }
  const [embedded, eventStoreDb] = [await answersOf(sides[0]), await answersOf(sides[1])]
  expect([...eventStoreDb.keys()]).toEqual([...embedded.keys()])
  for (const [what, pages] of embedded) expect(eventStoreDb.get(what), what).toEqual(pages)
})

test('every route that reads is among them', async () => {
  const { paths: documented } = (await sides[0].server.get('/openapi.json')).json() as {
    paths: Record<string, Record<string, unknown>>
  }
  const asked = [...OF_A_RUN, ...LISTS, ...TRAIL, ...FIGURES, ...COMPARED, ...SERVICE].map(
    (path) => path(() => sides[0].events[0] as StoredEvent).split('?')[0] ?? '',
  )
  const missing = Object.entries(documented)
    .filter(([, methods]) => 'get' in methods)
    .map(([path]) => path)
    .filter((path) => !asked.some((each) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(each)))
  // The one is no answer of a ledger, the other does not end: its Entries are those of /audit. Keys need credentials, and what
  // is signed is another one at each signing.
  expect(missing.filter((path) => !/^\/log\/|\/(proof|evidence)$/.test(path))).toEqual([
    '/openapi.json',
    '/stream',
    '/keys',
    '/auth/session',
  ])
})
