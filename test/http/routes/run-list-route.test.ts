import { expect, test } from 'vitest'
import { RunListAnswer } from '../../../src/api/answers.ts'
import { type Headers, serverForAll } from '../../support/network/http-server.ts'

const server = serverForAll()
let position = ''

/** Twelve runs in three groups, half of them completed; the read model has them. */
const filled = async (): Promise<void> => {
  if (position !== '') return
  const { post } = server.current()
  for (let n = 0; n < 12; n += 1) {
    const run_id = `list-${String(n).padStart(2, '0')}`
    await post('/runs', {
      run_id,
      run_group_id: `group-${n % 3}`,
      policy_version_id: `policy-${n % 2}`,
      run_metadata: { channel: n % 2 === 0 ? 'web' : 'branch', 'a]b': n, desk: { no: 1 } },
      // Pairs share a time, so that the order of ids decides.
      occurred_at: `2026-01-${String(1 + Math.floor(n / 2)).padStart(2, '0')}T00:00:00Z`,
    })
    const last =
      n < 6
        ? await post(`/runs/${run_id}/complete`, { status: 'FAILURE', result: n < 3 ? 'LOW, SCORE' : '' })
        : await post(`/runs/${run_id}/start`)
    position = String(last.headers['run-ledger-position'])
  }
}

const list = async (query: string, headers: Headers = {}) => {
  await filled()
  const answer = await server.current().get(`/runs?${query}`, { 'run-ledger-position': position, ...headers })
  expect(answer.statusCode, answer.body).toBe(200)
  return RunListAnswer.parse(answer.json())
}

const numbersOf = ({ data }: RunListAnswer) => data.map(({ run_id }) => Number(run_id.slice(-2)))

test.each([
  ['', [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
  ['sort=created_at', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  ['status=STARTED&sort=created_at', [6, 7, 8, 9, 10, 11]],
  ['status=STARTED&status=FAILURE&limit=3', [11, 10, 9]],
  ['result=LOW%2C%20SCORE', [2, 1, 0]],
  ['result=', [5, 4, 3]],
  ['result=LOW,+SCORE&result=', [5, 4, 3, 2, 1, 0]],
  ['run_group_id=group-1', [10, 7, 4, 1]],
  ['run_group_id=group-1&policy_version_id=policy-0', [10, 4]],
  ['created_after=2026-01-05T00:00:00Z', [11, 10, 9, 8]],
  ['created_before=2026-01-02T00:00:00%2B00:00', [1, 0]],
  ['created_after=2026-01-02T01:00:00+01:00&created_before=2026-01-03T00:00:00Z', [3, 2]],
  ['metadata[channel]=web&limit=2', [10, 8]],
  ['metadata%5Bchannel%5D=branch&metadata[a]b]=7', [7]],
  ['metadata[desk]=1', []],
])('GET /runs?%s', async (query, expected) => {
  expect(numbersOf(await list(query))).toEqual(expected)
})

test('pages follow each other to the end, each with the cursor of the one before', async () => {
  const pages: number[][] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: RunListAnswer = await list(`sort=created_at&limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`)
    pages.push(numbersOf(page))
    cursor = page.next_cursor
  }
  expect(pages).toEqual([
    [0, 1, 2, 3, 4],
    [5, 6, 7, 8, 9],
    [10, 11],
  ])
})

test('a cursor belongs to its query: another filter or sort is 400, another limit or order of values is not', async () => {
  const { next_cursor } = await list('status=STARTED&status=FAILURE&limit=2')
  const next = (query: string) => server.current().get(`/runs?${query}&cursor=${next_cursor}`)
  expect((await next('status=FAILURE&status=STARTED&limit=3')).statusCode).toBe(200)
  for (const query of ['status=STARTED', 'status=STARTED&status=FAILURE&sort=created_at', 'limit=2', 'metadata[a]=1']) {
    const answer = await next(query)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ type: '/problems/malformed-request', errors: [{ parameter: 'cursor' }] })
  }
})

test('a count is that of all pages, and there only where it is asked for', async () => {
  expect(await list('count=true&limit=1')).toMatchObject({ count: 12 })
  expect(await list('count=true&status=FAILURE')).toMatchObject({ count: 6 })
  expect(await list('count=false')).not.toHaveProperty('count')
})

test('a list as of a moment holds every run as it stood then, and none that came later', async () => {
  const then = await list('as_of=2026-01-03T00:00:00Z&sort=created_at&count=true')
  expect(numbersOf(then)).toEqual([0, 1, 2, 3, 4, 5])
  expect(then.count).toBe(6)
  expect(new Set(then.data.map(({ status }) => status))).toEqual(new Set(['PENDING']))
  expect(
    then.data.every(({ result, last_updated_at, created_at }) => result === null && last_updated_at === created_at),
  ).toBe(true)
  expect(numbersOf(await list('as_of=2026-01-03T00:00:00Z&status=FAILURE'))).toEqual([])
  expect(numbersOf(await list('as_of=2999-01-01T00:00:00Z&status=FAILURE'))).toEqual([5, 4, 3, 2, 1, 0])
  expect(numbersOf(await list('as_of=2026-01-03T00:00:00Z&metadata[channel]=web'))).toEqual([4, 2, 0])
})

test('a list as it was known holds what had been recorded by then; with as_of the earlier of both', async () => {
  expect(numbersOf(await list('known_at=2026-01-09T00:00:00Z'))).toEqual([])
  expect(await list('known_at=2999-01-01T00:00:00Z')).toEqual(await list(''))
  const both = await list('known_at=2999-01-01T00:00:00Z&as_of=2026-01-01T00:00:00Z&sort=created_at')
  expect(numbersOf(both)).toEqual([0, 1])
})

test('pages of a past moment follow each other, and their cursors belong to it', async () => {
  const first = await list('as_of=2026-01-03T00:00:00Z&limit=4')
  expect(numbersOf(first)).toEqual([5, 4, 3, 2])
  const second = await list(`as_of=2026-01-03T00:00:00.000Z&limit=4&cursor=${first.next_cursor}`)
  expect(numbersOf(second)).toEqual([1, 0])
  expect(second.next_cursor).toBe(null)
  for (const moment of ['', 'as_of=2026-01-04T00:00:00Z', 'known_at=2026-01-03T00:00:00Z']) {
    const answer = await server.current().get(`/runs?${moment}&cursor=${first.next_cursor}`)
    expect(answer.json()).toMatchObject({ status: 400, errors: [{ parameter: 'cursor' }] })
  }
})

test('a list says where it was made, and that nobody else may keep it', async () => {
  await filled()
  const { headers } = await server.current().get('/runs', { 'run-ledger-position': position })
  expect(String(headers['run-ledger-position']) >= position).toBe(true)
  expect(headers).toMatchObject({ 'cache-control': 'private, no-cache', 'content-type': 'application/json' })
})
