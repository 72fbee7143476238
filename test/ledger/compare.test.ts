import { applyPatch } from 'rfc6902'
import { expect, test } from 'vitest'
import { alignedPaths, type PathStep, patchBetween } from '../../src/ledger/compare.ts'
import type { Run } from '../../src/run/run.ts'

const run = (run_metadata: Run['run_metadata']): Run => ({
  run_id: 'r',
  run_group_id: null,
  policy_version_id: 'p',
  status: 'PENDING',
  result: null,
  input_data: {},
  run_metadata,
  created_at: '2026-01-01T00:00:00.000Z',
  started_at: null,
  last_updated_at: '2026-01-01T00:00:00.000Z',
})

test('a short array is patched element by element, a long one is replaced whole', () => {
  const numbers = (length: number) => Array.from({ length }, (_, n) => n)
  expect(patchBetween(run({ a: [1, 2, 3] }), run({ a: [1, 3] }))).toEqual([{ op: 'remove', path: '/run_metadata/a/1' }])
  const [from, to] = [run({ a: numbers(20_000) }), run({ a: numbers(20_001) })]
  const patch = patchBetween(from, to)
  expect(patch).toMatchObject([{ op: 'replace', path: '/run_metadata/a' }])
  const patched = structuredClone(from)
  applyPatch(patched, [...patch])
  expect(patched).toEqual(to)
  expect(patchBetween(from, structuredClone(from))).toEqual([])
})

const step = (revision: number, status: string): PathStep => ({
  revision,
  type: 'RunStatusChanged',
  status,
  actor: 'a',
  occurred_at: '2026-01-01T00:00:00.000Z',
  elapsed_ms: 0,
})

test('paths of 10,000 events that have nothing in common stand one after the other', () => {
  const path = (status: string) => Array.from({ length: 10_000 }, (_, revision) => step(revision, status))
  const aligned = alignedPaths(path('A'), path('B'))
  expect(aligned).toHaveLength(20_000)
  expect(aligned[0]).toEqual({ a: step(0, 'A'), b: null })
  expect(aligned.at(-1)).toEqual({ a: null, b: step(9_999, 'B') })
})

test('every step of both paths is there once, in its order', () => {
  const aligned = alignedPaths(
    ['A', 'B', 'C', 'D'].map((status, at) => step(at, status)),
    ['A', 'C', 'E', 'D'].map((status, at) => step(at, status)),
  )
  expect(aligned.flatMap(({ a }) => a?.revision ?? [])).toEqual([0, 1, 2, 3])
  expect(aligned.flatMap(({ b }) => b?.revision ?? [])).toEqual([0, 1, 2, 3])
  expect(aligned.filter(({ a, b }) => a !== null && b !== null).map(({ a }) => a?.status)).toEqual(['A', 'C', 'D'])
})
