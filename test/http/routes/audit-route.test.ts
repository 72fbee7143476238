import { parse } from 'csv-parse/sync'
import { beforeAll, expect, test } from 'vitest'
import { type EntryAnswer, EntryPageAnswer } from '../../../src/api/entries.ts'
import { type Headers, serverForAll } from '../../support/network/http-server.ts'

const server = serverForAll({ cloudEventsSource: 'urn:example:ledger' })
let position = ''

/** Runs 0 to 5, of two policy versions; alice creates them, bob completes the even ones, a month after what went before. */
beforeAll(async () => {
  const { post } = server.current()
  for (let n = 0; n < 6; n += 1) {
    const run_id = `run-${n}`
    const body = { run_id, policy_version_id: `policy-${n % 2}`, run_group_id: n < 3 ? 'group-1' : undefined }
    const first = await post('/runs', { ...body, occurred_at: `2026-01-0${6 - n}T00:00:00Z` }, headersOf('alice', n))
    position = String(first.headers['run-ledger-position'])
    if (n % 2 === 1) continue
    const done = {
      status: 'FAILURE',
      reason: n === 0 ? '=HYPERLINK("x")' : null,
      occurred_at: `2026-02-0${n + 1}T00:00:00Z`,
    }
    const last = await post(`/runs/${run_id}/complete`, done, headersOf('bob', n))
    position = String(last.headers['run-ledger-position'])
  }
})

const headersOf = (actor: string, n: number): Headers => ({
  'run-ledger-actor': actor,
  'x-correlation-id': `case-${n}`,
  'idempotency-key': `${actor}-${n}`,
})

const get = (query: string, headers: Headers = {}) =>
  server.current().get(`/audit?${query}`, { 'run-ledger-position': position, ...headers })

const list = async (query: string): Promise<EntryPageAnswer> => {
  const answer = await get(query)
  expect(answer.statusCode, answer.body).toBe(200)
  return EntryPageAnswer.parse(answer.json())
}

const nameOf = ({ run_id, revision }: EntryAnswer): string => `${run_id.slice(4)}.${revision}`
const named = (page: EntryPageAnswer): string => page.data.map(nameOf).join(' ')

test.each([
  ['', '5.0 4.1 4.0 3.0 2.1 2.0 1.0 0.1 0.0'],
  ['sort=position', '0.0 0.1 1.0 2.0 2.1 3.0 4.0 4.1 5.0'],
  ['sort=occurred_at', '5.0 4.0 3.0 2.0 1.0 0.0 0.1 2.1 4.1'],
  ['sort=-occurred_at&limit=4', '4.1 2.1 0.1 0.0'],
  ['actor=bob&sort=position', '0.1 2.1 4.1'],
  ['actor=bob&actor=alice&limit=2', '5.0 4.1'],
  ['type=RunCompleted', '4.1 2.1 0.1'],
  ['type=RunVanished', ''],
  ['run_id=run-2&run_id=run-3&sort=position', '2.0 2.1 3.0'],
  ['policy_version_id=policy-1', '5.0 3.0 1.0'],
  ['run_group_id=group-1&actor=bob', '2.1 0.1'],
  ['command_id=alice-4', '4.0'],
  ['correlation_id=case-4', '4.1 4.0'],
  ['status=FAILURE&actor=bob', '4.1 2.1 0.1'],
  ['status=PENDING&limit=2', '5.0 4.0'],
  ['result=FAILED', ''],
  ['path=/status&type=RunCompleted', '4.1 2.1 0.1'],
  ['path=/run_i*&limit=1', '5.0'],
  ['path=/run_metadata/score', ''],
  ['reason=HYPER', '0.1'],
  ['reason=hyper', ''],
  ['occurred_after=2026-01-05T00:00:00Z&occurred_before=2026-02-03T00:00:00Z&sort=occurred_at', '1.0 0.0 0.1'],
  ['recorded_before=2026-01-01T00:00:00Z', ''],
  ['recorded_after=2026-01-01T00:00:00+01:00&actor=bob', '4.1 2.1 0.1'],
])('GET /audit?%s', async (query, expected) => {
  expect(named(await list(query))).toBe(expected)
})

test('pages follow each other to the end, in every order', async () => {
  for (const sort of ['position', '-position', 'occurred_at', '-occurred_at']) {
    const whole = named(await list(`sort=${sort}`))
    const pages: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: EntryPageAnswer = await list(`sort=${sort}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      pages.push(named(page))
      cursor = page.next_cursor
    }
    expect(pages.filter((page) => page !== '').join(' ')).toBe(whole)
    expect(pages.length).toBeGreaterThan(4)
  }
})

test('a cursor belongs to its filters and sort', async () => {
  const { next_cursor } = await list('actor=alice&actor=bob&limit=2')
  expect((await get(`actor=bob&actor=alice&limit=3&cursor=${next_cursor}`)).statusCode).toBe(200)
  for (const query of ['actor=alice', 'limit=2', 'actor=alice&actor=bob&sort=position']) {
    const answer = await get(`${query}&cursor=${next_cursor}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ type: '/problems/malformed-request', errors: [{ parameter: 'cursor' }] })
  }
})

test('an answer says where it was made, and that nobody else may keep it', async () => {
  for (const format of ['json', 'csv', 'ndjson', 'cloudevents']) {
    const { headers } = await get(`format=${format}`)
    expect(headers).toMatchObject({
      'cache-control': 'private, no-cache',
      'run-ledger-position': position,
      vary: 'Accept',
    })
  }
})

test.each([
  ['csv=raw', 'csv'],
  ['format=ndjson&csv=raw', 'csv'],
  ['format=csv&csv=escaped', 'csv'],
  ['format=csv&limit=5', 'limit'],
  ['format=cloudevents&cursor=x', 'cursor'],
  ['format=xml', 'format'],
  ['sort=actor', 'sort'],
  ['limit=1001', 'limit'],
  ['actor=', 'actor'],
  ['run_id=%24', 'run_id'],
  ['occurred_after=yesterday', 'occurred_after'],
  ['occured_after=2026-01-01T00:00:00Z', 'occured_after'],
  ['cursor=x', 'cursor'],
])('?%s is refused, naming %s', async (query, parameter) => {
  const answer = await get(query)
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ type: '/problems/malformed-request', errors: [{ parameter }] })
})

test('of one filter at most 100 values are taken', async () => {
  const actors = (count: number) => Array.from({ length: count }, (_, n) => `actor=a-${n}`).join('&')
  expect((await get(actors(100))).statusCode).toBe(200)
  const answer = await get(actors(101))
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ errors: [{ parameter: 'actor', detail: 'at most 100 values may be given' }] })
})

test.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', 'application/json'],
  ['text/csv', 'text/csv; charset=utf-8; header=present'],
  ['application/x-ndjson', 'application/x-ndjson'],
  ['application/cloudevents-batch+json, application/json;q=0.5', 'application/cloudevents-batch+json'],
])('Accept: %s is answered with %s', async (accept, type) => {
  expect((await get('', { accept })).headers['content-type']).toBe(type)
  expect((await get('format=json', { accept })).headers['content-type']).toBe('application/json')
})

test('a type that there is not is refused', async () => {
  const answer = await get('', { accept: 'application/xml' })
  expect(answer.statusCode).toBe(406)
  expect(answer.json().detail).toContain('text/csv')
})

test('NDJSON holds the Entries as the pages do, each a line', async () => {
  const { data } = await list('actor=bob&sort=occurred_at')
  const { body } = await get('actor=bob&sort=occurred_at&format=ndjson')
  expect(
    body
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  ).toEqual(data)
  expect(body.endsWith('\n')).toBe(true)
})

test('CSV says that it is escaped, and is not where raw is asked for', async () => {
  const rows = async (query: string) => {
    const { body, headers } = await get(`format=csv&${query}`)
    return {
      escaped: headers['run-ledger-csv-escaped'],
      rows: parse(body, { columns: true }) as Record<string, string>[],
    }
  }
  const escaped = await rows('command_id=bob-0')
  expect(escaped).toMatchObject({
    escaped: 'formula',
    rows: [{ reason: `'=HYPERLINK("x")`, actor: 'bob', revision: '1' }],
  })
  const raw = await rows('command_id=bob-0&csv=raw')
  expect(raw).toMatchObject({ escaped: undefined, rows: [{ reason: '=HYPERLINK("x")' }] })
  const { data } = await list('sort=position')
  expect((await rows('sort=position')).rows.map(({ position: at }) => at)).toEqual(data.map((entry) => entry.position))
  expect((await rows('actor=nobody')).rows).toEqual([])
})

test('CloudEvents are one batch, from the source that is configured, also where nothing matches', async () => {
  const { data } = await list('type=RunCompleted&sort=position')
  const batch = (await get('type=RunCompleted&sort=position&format=cloudevents')).json()
  expect(batch).toHaveLength(3)
  expect(batch[0]).toMatchObject({
    specversion: '1.0',
    id: data[0]?.event_id,
    source: 'urn:example:ledger',
    type: 'run-ledger.RunCompleted.v1',
    subject: 'run-0',
    time: '2026-02-01T00:00:00.000Z',
    correlationid: 'case-0',
    sequence: data[0]?.position,
  })
  expect((await get('actor=nobody&format=cloudevents')).json()).toEqual([])
})

test('HEAD tells of a format without making it', async () => {
  const answer = await server
    .current()
    .app.inject({ method: 'HEAD', url: '/audit?format=csv', headers: { 'run-ledger-position': position } })
  expect(answer.statusCode).toBe(200)
  expect(answer.body).toBe('')
  expect(answer.headers).toMatchObject({ 'run-ledger-position': position, 'run-ledger-csv-escaped': 'formula' })
  // A length is that of the answer to GET (RFC 9110, section 8.6), which nobody has counted.
  expect(answer.headers).not.toHaveProperty('content-length')
})
