import { applyPatch } from 'rfc6902'
import { beforeAll, expect, test } from 'vitest'
import { CompareAnswer } from '../../../src/api/compare.ts'
import { serverForAll } from '../../support/network/http-server.ts'

const server = serverForAll()

beforeAll(async () => {
  const { post } = server.current()
  const at = (minute: number) => ({ occurred_at: `2026-01-01T09:0${minute}:00Z` })
  for (const [run_id, amount] of [
    ['loan-1', 100],
    ['loan-2', 200],
  ] as const) {
    await post('/runs', { run_id, policy_version_id: 'p', input_data: { amount, 'a/b': [1, 2] }, ...at(0) })
    await post(`/runs/${run_id}/start`, at(1))
  }
  await post('/runs/loan-1/status', { status: 'SCORED', run_metadata: { score: 700 }, ...at(2) })
  await post('/runs/loan-1/complete', { status: 'SUCCESS', result: 'APPROVED', ...at(4) })
  await post('/runs/loan-2/complete', { status: 'SUCCESS', result: 'DECLINED', ...at(5) })
})

const compare = async (a: string, b: string) =>
  server.current().get(`/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`)

test('the patch makes the one Run into the other', async () => {
  const answer = await compare('loan-1', 'loan-2')
  expect(answer.statusCode, answer.body).toBe(200)
  expect(answer.headers).toMatchObject({
    'cache-control': 'private, no-cache',
    'run-ledger-position': expect.stringMatching(/^\d{20}$/),
  })
  const { a, b, patch } = CompareAnswer.parse(answer.json())
  expect([a.revision, b.revision]).toEqual([3, 2])
  const patched = structuredClone(a.run)
  applyPatch(patched, patch as Parameters<typeof applyPatch>[1])
  expect(patched).toEqual(b.run)
  expect(patch).toContainEqual({ op: 'replace', path: '/input_data/amount', value: 200 })
})

test('events of one kind stand beside each other, with what each step took', async () => {
  const { path } = CompareAnswer.parse((await compare('loan-1', 'loan-2')).json())
  expect(path.map(({ a, b }) => [a?.status, a?.elapsed_ms, b?.status, b?.elapsed_ms])).toEqual([
    ['PENDING', null, 'PENDING', null],
    ['STARTED', 60_000, 'STARTED', 60_000],
    ['SCORED', 60_000, undefined, undefined],
    ['SUCCESS', 120_000, 'SUCCESS', 240_000],
  ])
})

test('a run is compared with itself, at a revision or a moment', async () => {
  const byRevision = CompareAnswer.parse((await compare('loan-1@1', 'loan-1')).json())
  expect(byRevision.a).toMatchObject({ revision: 1, run: { status: 'STARTED' } })
  const byTime = CompareAnswer.parse((await compare('loan-1@2026-01-01T10:01:30+01:00', 'loan-1')).json())
  expect(byTime).toEqual(byRevision)
  expect(CompareAnswer.parse((await compare('loan-1', 'loan-1')).json()).patch).toEqual([])
})

test('what cannot be compared is refused, and the run at fault is named', async () => {
  expect((await compare('loan-1', 'loan-9')).json()).toMatchObject({
    type: '/problems/run-not-found',
    run_id: 'loan-9',
  })
  expect((await compare('loan-1@9', 'loan-2')).json()).toMatchObject({ status: 404, run_id: 'loan-1' })
  for (const text of ['loan-1@', 'loan-1@-1', 'loan-1@yesterday', '@3', 'a b'])
    expect((await compare(text, 'loan-2')).json(), text).toMatchObject({ status: 400, errors: [{ parameter: 'a' }] })
  expect((await server.current().get('/compare?a=loan-1')).json()).toMatchObject({ errors: [{ parameter: 'b' }] })
})
