import { expect, test } from 'vitest'
import { PROBLEMS, type Slug } from '../../src/api/problem-kinds.ts'
import { type Headers, serverForAll } from '../support/network/http-server.ts'

const server = serverForAll()

type Row = Readonly<{
  what: string
  slug: Slug
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
  url?: string
  body?: unknown
  headers?: Headers
  /** What `errors` must hold. */
  at?: Readonly<Record<string, string>>
}>

const create = (more: object) => ({ policy_version_id: 'p', ...more })
const raw = (text: string) => Buffer.from(text)
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

const bodies: readonly Row[] = [
  { what: 'broken JSON', body: raw('{"policy_version_id":'), slug: 'malformed-json' },
  { what: 'an empty body where one is needed', body: '', slug: 'malformed-json' },
  { what: 'no body where one is needed', slug: 'malformed-json' },
  { what: 'an array', body: [], slug: 'invalid', at: { pointer: '' } },
  { what: 'null', body: raw('null'), slug: 'invalid', at: { pointer: '' } },
  { what: 'a missing field', body: {}, slug: 'invalid', at: { pointer: '/policy_version_id' } },
  { what: 'an unknown field', body: create({ 'a/b': 1 }), slug: 'invalid', at: { pointer: '/a~1b' } },
  {
    what: 'a field of the wrong type',
    body: create({ input_data: [] }),
    slug: 'invalid',
    at: { pointer: '/input_data' },
  },
  { what: 'metadata that is no object', body: create({ run_metadata: 'x' }), slug: 'invalid' },
  { what: 'a run id with a space', body: create({ run_id: 'a b' }), slug: 'invalid', at: { pointer: '/run_id' } },
  { what: 'a run id of 129 characters', body: create({ run_id: 'r'.repeat(129) }), slug: 'invalid' },
  { what: 'an empty policy version', body: { policy_version_id: '' }, slug: 'invalid' },
  { what: 'a reason of 1,001 characters', body: create({ reason: 'x'.repeat(1001) }), slug: 'invalid' },
  { what: 'a time without offset', body: create({ occurred_at: '2026-01-01T00:00:00' }), slug: 'invalid' },
  { what: 'a day that does not exist', body: create({ occurred_at: '2026-02-30T00:00:00Z' }), slug: 'invalid' },
  { what: 'a number as a time', body: create({ occurred_at: 1 }), slug: 'invalid', at: { pointer: '/occurred_at' } },
  {
    what: 'a time in the future',
    body: create({ occurred_at: '2999-01-01T00:00:00Z' }),
    slug: 'occurred-at-in-future',
  },
  {
    what: '65 levels',
    body: raw(`{"policy_version_id":"p","input_data":${nested(64)}}`),
    slug: 'not-i-json',
    at: { pointer: `/input_data${'/a'.repeat(63)}` },
  },
  {
    what: 'an integer beyond 2^53',
    body: raw('{"policy_version_id":"p","input_data":{"n":[9007199254740993]}}'),
    slug: 'not-i-json',
    at: { pointer: '/input_data/n/0' },
  },
  {
    what: 'a number that overflows',
    body: raw('{"policy_version_id":"p","input_data":{"n":1e400}}'),
    slug: 'not-i-json',
  },
  { what: 'a lone surrogate', body: raw('{"policy_version_id":"p","reason":"\\ud800"}'), slug: 'not-i-json' },
  { what: '__proto__', body: raw('{"policy_version_id":"p","input_data":{"__proto__":{}}}'), slug: 'not-i-json' },
  { what: 'bytes that are no UTF-8', body: Buffer.from([0x7b, 0xff, 0x7d]), slug: 'not-i-json' },
  {
    what: 'metadata of more than 256 KiB',
    body: create({ run_metadata: { x: 'x'.repeat(262_144) } }),
    slug: 'metadata-too-large',
  },
  {
    what: 'an event of more than 1,000,000 bytes',
    body: create({ input_data: { x: 'x'.repeat(1_000_000) } }),
    slug: 'event-too-large',
  },
  {
    what: 'a body of more than 1 MiB',
    body: create({ input_data: { x: 'x'.repeat(1_048_576) } }),
    slug: 'body-too-large',
  },
  {
    what: 'another media type',
    body: 'policy_version_id=p',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    slug: 'unsupported-media-type',
  },
  {
    what: 'a media type that is none',
    body: '{}',
    headers: { 'content-type': 'json' },
    slug: 'unsupported-media-type',
  },
  { what: 'a compressed body', body: '{}', headers: { 'content-encoding': 'gzip' }, slug: 'unsupported-media-type' },
  {
    what: 'lines where one command is taken',
    body: '{}',
    headers: { 'content-type': 'application/x-ndjson' },
    slug: 'unsupported-media-type',
  },
  { what: 'a run that exists', body: create({ run_id: 'pending' }), slug: 'run-exists' },
]

const commands: readonly Row[] = [
  { what: 'a status in lower case', url: '/runs/started/status', body: { status: 'review' }, slug: 'invalid' },
  {
    what: 'a status of the ledger',
    url: '/runs/started/status',
    body: { status: 'SUCCESS' },
    slug: 'invalid',
    at: { pointer: '/status' },
  },
  { what: 'an end that is none', url: '/runs/started/complete', body: { status: 'DONE' }, slug: 'invalid' },
  {
    what: 'a result of 257 characters',
    url: '/runs/started/complete',
    body: { status: 'SUCCESS', result: 'x'.repeat(257) },
    slug: 'invalid',
  },
  { what: 'a field that start does not take', url: '/runs/pending/start', body: { status: 'X' }, slug: 'invalid' },
  { what: 'null as the body of a start', url: '/runs/pending/start', body: raw('null'), slug: 'invalid' },
  { what: 'a missing run', url: '/runs/nobody/start', slug: 'run-not-found' },
  { what: 'an id that no run can have', url: '/runs/-x/start', slug: 'run-not-found' },
  { what: 'a run that is not started', url: '/runs/pending/status', body: { status: 'X' }, slug: 'run-not-started' },
  {
    what: 'success of a run that is not started',
    url: '/runs/pending/complete',
    body: { status: 'SUCCESS' },
    slug: 'run-not-started',
  },
  { what: 'a second start', url: '/runs/started/start', slug: 'run-already-started' },
  { what: 'a completed run', url: '/runs/completed/status', body: { status: 'X' }, slug: 'run-completed' },
  {
    what: 'time that runs backwards',
    url: '/runs/started/status',
    body: { status: 'X', occurred_at: '2000-01-01T00:00:00Z' },
    slug: 'time-runs-backwards',
  },
  {
    what: 'another revision',
    url: '/runs/started/complete',
    body: { status: 'SUCCESS' },
    headers: { 'if-match': '"0"' },
    slug: 'wrong-revision',
  },
]

const tag = { header: 'If-Match' }
const headers: readonly Row[] = [
  {
    what: 'a weak If-Match',
    url: '/runs/started/complete',
    body: { status: 'SUCCESS' },
    headers: { 'if-match': 'W/"1"' },
    slug: 'malformed-request',
    at: tag,
  },
  {
    what: 'If-Match: *',
    url: '/runs/started/complete',
    body: { status: 'SUCCESS' },
    headers: { 'if-match': '*' },
    slug: 'malformed-request',
    at: tag,
  },
  {
    what: 'a list in If-Match',
    url: '/runs/started/complete',
    body: { status: 'SUCCESS' },
    headers: { 'if-match': '"1", "2"' },
    slug: 'malformed-request',
    at: tag,
  },
  {
    what: 'a bare If-Match',
    url: '/runs/started/complete',
    body: { status: 'SUCCESS' },
    headers: { 'if-match': '1' },
    slug: 'malformed-request',
    at: tag,
  },
  {
    what: 'If-Match on a create',
    body: create({}),
    headers: { 'if-match': '"0"' },
    slug: 'malformed-request',
    at: tag,
  },
  {
    what: 'a key of 256 characters',
    body: create({}),
    headers: { 'idempotency-key': 'k'.repeat(256) },
    slug: 'malformed-request',
    at: { header: 'Idempotency-Key' },
  },
  {
    what: 'a key whose quotes do not close',
    body: create({}),
    headers: { 'idempotency-key': '"k' },
    slug: 'malformed-request',
  },
  { what: 'an empty quoted key', body: create({}), headers: { 'idempotency-key': '""' }, slug: 'malformed-request' },
  {
    what: 'a key that is not ASCII',
    body: create({}),
    headers: { 'idempotency-key': 'k\u00e9' },
    slug: 'malformed-request',
  },
  {
    what: 'an actor of 257 characters',
    body: create({}),
    headers: { 'run-ledger-actor': 'a'.repeat(257) },
    slug: 'malformed-request',
    at: { header: 'Run-Ledger-Actor' },
  },
  {
    what: 'an actor that is no UTF-8',
    body: create({}),
    headers: { 'run-ledger-actor': '\u00ff' },
    slug: 'malformed-request',
  },
  { what: 'an empty actor', body: create({}), headers: { 'run-ledger-actor': '' }, slug: 'malformed-request' },
  {
    what: 'a correlation id of 129 characters',
    body: create({}),
    headers: { 'x-correlation-id': 'c'.repeat(129) },
    slug: 'malformed-request',
    at: { header: 'X-Correlation-Id' },
  },
  { what: 'an Accept that nothing fits', body: create({}), headers: { accept: 'text/csv' }, slug: 'not-acceptable' },
  {
    what: 'an Accept that refuses JSON',
    body: create({}),
    headers: { accept: 'application/json;q=0, */*' },
    slug: 'not-acceptable',
  },
]

const parameter = (name: string) => ({ at: { parameter: name }, slug: 'malformed-request' as const })
const reads: readonly Row[] = (
  [
    { what: 'a missing run', url: '/runs/nobody', slug: 'run-not-found' },
    { what: 'an id that no run can have', url: '/runs/a%20b', slug: 'run-not-found' },
    { what: 'a missing run, read strongly', url: '/runs/nobody?consistency=strong', slug: 'run-not-found' },
    { what: 'a revision that the run has not', url: '/runs/pending?revision=1', slug: 'not-found' },
    { what: 'a moment before the run', url: '/runs/pending?as_of=1999-01-01T00:00:00Z', slug: 'run-not-yet-created' },
    { what: 'a bad moment', url: '/runs/pending?as_of=yesterday', ...parameter('as_of') },
    { what: 'a revision that is none', url: '/runs/pending?revision=-1', ...parameter('revision') },
    {
      what: 'a revision with a moment',
      url: '/runs/pending?revision=0&as_of=2030-01-01T00:00:00Z',
      ...parameter('revision'),
    },
    { what: 'a revision, strongly', url: '/runs/pending?revision=0&consistency=strong', ...parameter('revision') },
    { what: 'a consistency that is none', url: '/runs/pending?consistency=weak', ...parameter('consistency') },
    { what: 'a parameter twice', url: '/runs/pending?revision=0&revision=0', ...parameter('revision') },
    { what: 'an unknown parameter', url: '/runs/pending?verbose=1', ...parameter('verbose') },
    {
      what: 'a position that is none',
      url: '/runs/pending',
      headers: { 'run-ledger-position': '7' },
      slug: 'malformed-request',
      at: { header: 'Run-Ledger-Position' },
    },
    { what: 'a limit of 0', url: '/runs?limit=0', ...parameter('limit') },
    { what: 'a limit of 1001', url: '/runs?limit=1001', ...parameter('limit') },
    { what: 'a limit that is no number', url: '/runs?limit=ten', ...parameter('limit') },
    { what: 'a bad sort', url: '/runs?sort=status', ...parameter('sort') },
    { what: 'a sort twice', url: '/runs?sort=created_at&sort=created_at', ...parameter('sort') },
    { what: 'a bad cursor', url: '/runs?cursor=abc', ...parameter('cursor') },
    { what: 'a count that is none', url: '/runs?count=yes', ...parameter('count') },
    { what: 'a count with a cursor', url: '/runs?count=true&cursor=abc', ...parameter('count') },
    { what: 'a bad time', url: '/runs?created_after=2026-13-01T00:00:00Z', ...parameter('created_after') },
    { what: 'a bad status', url: '/runs?status=A&status=b', ...parameter('status') },
    { what: 'a bad group', url: '/runs?run_group_id=', ...parameter('run_group_id') },
    {
      what: 'six metadata keys',
      url: `/runs?${[...'abcdef'].map((key) => `metadata[${key}]=1`).join('&')}`,
      ...parameter('metadata'),
    },
    { what: 'a metadata key twice', url: '/runs?metadata[a]=1&metadata[a]=2', ...parameter('metadata[a]') },
    { what: 'metadata without a key', url: '/runs?metadata=1', ...parameter('metadata') },
    { what: 'metadata without a key beside one', url: '/runs?metadata=1&metadata[a]=2', ...parameter('metadata') },
    { what: 'metadata __proto__', url: '/runs?metadata[__proto__]=1', ...parameter('metadata[__proto__]') },
    { what: 'a misspelt filter', url: '/runs?stauts=PENDING', ...parameter('stauts') },
    { what: 'a parameter __proto__', url: '/runs?__proto__=1', ...parameter('__proto__') },
    { what: 'a list as of no time', url: '/runs?as_of=friday', ...parameter('as_of') },
    { what: 'a list without JSON', url: '/runs', headers: { accept: 'text/html' }, slug: 'not-acceptable' },
    { what: 'a broken escape in the query', url: '/runs?status=%E0%A4%A', slug: 'malformed-request' },
    { what: 'a broken escape in the path', url: '/runs/%E0%A4%A', slug: 'malformed-request' },
    { what: 'no such route', url: '/runs/pending/nothing', slug: 'not-found' },
    { what: 'no such file of the reference page', url: '/docs/static/nothing.js', slug: 'not-found' },
    { what: 'no such problem', url: '/problems/toString', slug: 'not-found' },
  ] as const satisfies readonly Row[]
).map((row) => ({ method: 'GET', ...row }))

const methods: readonly Row[] = [
  { what: 'PUT of a run', method: 'PUT', url: '/runs/pending', body: create({}), slug: 'method-not-allowed' },
  { what: 'DELETE of a run', method: 'DELETE', url: '/runs/pending', slug: 'method-not-allowed' },
  { what: 'GET of a command', method: 'GET', url: '/runs/pending/start', slug: 'method-not-allowed' },
  {
    what: 'POST with a body that nobody reads',
    url: '/nowhere',
    body: 'x',
    headers: { 'content-type': 'text/plain' },
    slug: 'not-found',
  },
]

test.each([...bodies, ...commands, ...headers, ...reads, ...methods])(
  '$what is $slug, and the log is as it was',
  async ({ slug, method = 'POST', url = '/runs', body, headers = {}, at }) => {
    const { app, store } = await filled()
    const before = await store.headPosition()()
    const answer = await app.inject({
      method,
      url,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined
        ? undefined
        : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
    })
    expect(answer.headers['content-type']).toBe('application/problem+json')
    const problem = answer.json()
    expect(problem).toMatchObject({
      type: `/problems/${slug}`,
      title: PROBLEMS[slug].title,
      status: PROBLEMS[slug].status,
      detail: expect.stringMatching(/./),
    })
    expect(answer.statusCode).toBe(PROBLEMS[slug].status)
    if (at !== undefined) expect(problem.errors).toContainEqual({ ...at, detail: expect.stringMatching(/./) })
    if (problem.status === 409)
      expect(problem).toMatchObject({ current_status: expect.any(String), revision: expect.any(Number) })
    expect(await store.headPosition()()).toEqual(before)
  },
)

test('405 names the methods that the route takes', async () => {
  const { app } = server.current()
  expect((await app.inject({ method: 'PUT', url: '/runs' })).headers.allow).toBe('GET, HEAD, POST')
  expect((await app.inject({ method: 'GET', url: '/commands' })).headers.allow).toBe('POST')
  expect((await app.inject({ method: 'OPTIONS', url: '/runs/x' })).headers.allow).toBe('GET, HEAD')
})

test('a problem echoes the correlation id, wherever it comes from', async () => {
  const { app } = server.current()
  for (const url of ['/nowhere', '/runs?limit=0', '/runs/nobody', '/runs/%zz']) {
    const answer = await app.inject({ url, headers: { 'x-correlation-id': 'c-1' } })
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.headers['x-correlation-id']).toBe('c-1')
  }
})

let isFilled = false

/** The server, with one run in each state. */
const filled = async () => {
  const { create: createRun, post } = server.current()
  if (!isFilled) {
    for (const run_id of ['pending', 'started', 'completed']) await createRun({ run_id })
    for (const run_id of ['started', 'completed']) await post(`/runs/${run_id}/start`)
    await post('/runs/completed/complete', { status: 'SUCCESS' })
    isFilled = true
  }
  return server.current()
}
