/** `GET /runs?q=…` over HTTP. */
import fc from 'fast-check'
import { left } from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { parseSearch } from '../../../src/search/parse.ts'
import { serverForAll, serverForTest } from '../../support/network/http-server.ts'
import { PLAIN_FIELDS, searches, searchText, type Vocabulary } from '../../support/oracles/searches.ts'

const server = serverForAll()
const search = (q: string, more = '') => server.current().get(`/runs?q=${encodeURIComponent(q)}${more}`)
const idsIn = (answer: { json: () => { data: readonly { run_id: string }[] } }) =>
  answer.json().data.map(({ run_id }) => run_id)

test('a search goes with filters, sorts, cursors and a count, and sees the past as it stood', async () => {
  const { create, post } = server.current()
  for (let n = 0; n < 6; n += 1)
    await create({
      run_id: `scored-${n}`,
      policy_version_id: n < 4 ? 'p' : 'q',
      run_metadata: { score: 600 + 20 * n },
      occurred_at: `2026-01-0${n + 1}T00:00:00Z`,
    })
  await post('/runs/scored-5/start', { occurred_at: '2026-02-01T00:00:00Z' })
  const last = await post('/runs/scored-5/complete', {
    status: 'SUCCESS',
    result: 'APPROVED',
    run_metadata: { score: 0 },
    occurred_at: '2026-02-03T00:00:00Z',
  })
  const headers = { 'run-ledger-position': String(last.headers['run-ledger-position']) }
  const get = (query: string) => server.current().get(`/runs?${query}`, headers)
  /** Of all pages: any of them may be short. */
  const everyId = async (query: string): Promise<readonly string[]> => {
    const ids: string[] = []
    let cursor = ''
    do {
      const page = await get(`${query}${cursor}`)
      ids.push(...idsIn(page))
      cursor = page.json().next_cursor === null ? '' : `&cursor=${encodeURIComponent(page.json().next_cursor)}`
    } while (cursor !== '')
    return ids
  }
  const q = encodeURIComponent('metadata.score >= 640 and not status = "FAILURE"')

  const first = await get(`q=${q}&sort=created_at&limit=1&count=true&policy_version_id=p`)
  expect(first.json().count).toBe(2)
  const all = await everyId(`q=${q}&sort=created_at&limit=1&policy_version_id=p`)
  expect(all).toEqual(['scored-2', 'scored-3'])
  const other = encodeURIComponent('metadata.score >= 641')
  const foreign = await get(
    `q=${other}&sort=created_at&policy_version_id=p&cursor=${encodeURIComponent(first.json().next_cursor)}`,
  )
  expect(foreign.statusCode).toBe(400)

  expect(await everyId(`q=${q}`)).toEqual(['scored-4', 'scored-3', 'scored-2'])
  expect(await everyId(`q=${q}&as_of=2026-02-02T00:00:00Z`)).toEqual(['scored-5', 'scored-4', 'scored-3', 'scored-2'])
  const long = encodeURIComponent('duration > 2d and result = "APPROVED"')
  expect(await everyId(`q=${long}`)).toEqual(['scored-5'])
})

test('a search that cannot be read is refused with the column of its fault', async () => {
  const answer = await search('metadata["😀"] = = 1')
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({
    type: '/problems/malformed-request',
    detail: 'q, column 17: expected a value, found =, which is written once',
    errors: [{ parameter: 'q', column: 17, detail: 'expected a value, found =, which is written once' }],
  })
  expect((await search('')).json().errors).toMatchObject([{ parameter: 'q', column: 1 }])
})

test('a count that takes too long is 422, and the list without it is answered', async () => {
  const slow = await serverForTest({
    readModel: (readModel) => ({
      ...readModel,
      listRuns: (query) =>
        query.count
          ? async () => left({ _tag: 'QueryTooExpensive', detail: 'as asked of it' })
          : readModel.listRuns(query),
    }),
  })
  const answer = await slow.get('/runs?q=status%20exists&count=true')
  expect([answer.statusCode, answer.json().type]).toEqual([422, '/problems/query-too-expensive'])
  expect((await slow.get('/runs?q=status%20exists')).statusCode).toBe(200)
})

const VOCABULARY: Vocabulary = {
  fields: [
    ...PLAIN_FIELDS,
    { kind: 'json', name: 'run_metadata', path: ['score'] },
    { kind: 'json', name: 'input_data', path: ['a"b', 0, ''] },
    { kind: 'json', name: 'input_data', path: [] },
  ],
  values: ['', 'a', "'; drop table runs; --", '$.a', '\u0000', '😀', 0, 640, -1.5e300, true, false, null],
  times: ['2026-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'],
  durations: [0, 1, 9_007_199_254_740_991],
}

/** A search, mostly with a part of it replaced by something that may not stand there. */
const written = fc
  .tuple(searches(VOCABULARY), fc.nat(), fc.nat(3), fc.option(fc.string({ unit: 'binary', maxLength: 5 })))
  .map(([made, at, characters, part]) => {
    const text = [...searchText(made)]
    const from = at % (text.length + 1)
    return part === null ? text.join('') : [...text.slice(0, from), part, ...text.slice(from + characters)].join('')
  })

test('no search finds a fault of the server, and those that are refused name the column', async () => {
  let [answered, refused] = [0, 0]
  await fc.assert(
    fc.asyncProperty(
      written.filter((text) => text.isWellFormed()),
      fc.constantFrom(
        '',
        '&count=true',
        '&as_of=2026-01-03T00:00:00Z',
        '&sort=last_updated_at&known_at=2026-01-03T00:00:00Z',
      ),
      async (text, more) => {
        const answer = await search(text, more)
        const parsed = parseSearch(text)
        expect(answer.statusCode, text).toBe(parsed._tag === 'Right' ? 200 : 400)
        if (parsed._tag === 'Left') expect(answer.json().errors).toEqual([{ parameter: 'q', ...parsed.left }])
        if (parsed._tag === 'Left') refused += 1
        else answered += 1
      },
    ),
    { numRuns: 400 },
  )
  expect(Math.min(answered, refused)).toBeGreaterThan(40)
})
