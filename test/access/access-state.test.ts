import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { foldAccess, keyStatus, NO_ACCESS } from '../../src/access/access-state.ts'
import { mayActAs } from '../../src/access/principal.ts'
import type { StoredEvent } from '../../src/event-store/event-store.ts'

const GOLDEN = readFileSync(new URL('../golden/access/v1.ndjson', import.meta.url), 'utf8')

/** Events as a store holds them; every release reads these. */
const stored: readonly StoredEvent[] = GOLDEN.trim()
  .split('\n')
  .map((line, revision) => {
    const { type, data, metadata } = JSON.parse(line)
    return {
      type,
      data: JSON.stringify(data),
      metadata: JSON.stringify(metadata),
      event_id: `e${revision}`,
      stream: '',
      revision,
      position: String(revision + 1).padStart(20, '0'),
      recorded_at: '2026-05-04T09:30:00.000Z',
    }
  })

test('stored access events of schema 1 are read, and fold to the keys and sessions that they tell of', () => {
  const state = foldAccess(NO_ACCESS, stored)
  if (state._tag === 'Left') throw new Error(state.left.detail)
  const [root, scoring] = [...state.right.keys.values()]
  expect(root).toMatchObject({ name: 'root', roles: ['admin'], act_as: null, issued_by: 'anonymous', revoked_at: null })
  expect(scoring).toMatchObject({ act_as: 'user:*', issued_by: 'key:root', revoked_by: 'key:root' })
  expect([...state.right.signedOut]).toEqual([['c2Vzc2lvbg', '2026-05-04T17:30:00.000Z']])
  expect(state.right.revision).toBe(4)
})

test('events that come again change nothing, and a missing one is noticed', () => {
  const first = foldAccess(NO_ACCESS, stored.slice(0, 2))
  if (first._tag === 'Left') throw new Error(first.left.detail)
  expect(foldAccess(first.right, stored)).toEqual(foldAccess(NO_ACCESS, stored))
  expect(foldAccess(first.right, stored.slice(3))).toMatchObject({
    left: { detail: expect.stringContaining('missing') },
  })
})

test('a key is valid from its beginning until its end, unless it is revoked', () => {
  const state = foldAccess(NO_ACCESS, stored.slice(0, 2))
  const key = state._tag === 'Right' ? state.right.keys.get('1111111111111111') : undefined
  if (key === undefined) throw new Error('no key')
  expect(keyStatus(key, '2026-05-04T23:59:59.999Z')).toBe('not_yet_valid')
  expect(keyStatus(key, '2026-05-05T00:00:00.000Z')).toBe('valid')
  expect(keyStatus(key, '2026-06-05T00:00:00.000Z')).toBe('expired')
  expect(keyStatus({ ...key, revoked_at: '2026-05-06T00:00:00.000Z' }, '2026-05-07T00:00:00.000Z')).toBe('revoked')
})

test.each([
  [null, 'ann', false],
  [null, 'key:me', true],
  ['ann', 'ann', true],
  ['ann', 'anna', false],
  ['user:*', 'user:', true],
  ['user:*', 'xuser:ann', false],
  ['*@bank', 'ann@bank', true],
  ['*@bank', 'ann@bank.evil', false],
  ['a*b*a', 'aba', true],
  ['a*a', 'a', false],
  ['a*b*b', 'ab', false],
  ['a.c', 'abc', false],
  ['*', 'whoever', true],
])('with the pattern %j a principal may act as %j: %s', (act_as, actor, may) =>
  expect(mayActAs({ name: 'key:me', roles: [], act_as, expires_at: '', key_id: null, session: null }, actor)).toBe(may),
)
