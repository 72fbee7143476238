import { expect, test } from 'vitest'
import { maskedQuery } from '../../../src/http/door/masked-query.ts'

const KNOWN = new Set(['status', 'sort', 'q', 'metadata', 'state', 'code', 'created_after'])
const masked = (query: string) => maskedQuery(`/runs${query}`, (name) => KNOWN.has(name))

test.each([
  ['', null],
  ['?', null],
  ['?status=SUCCESS&sort=-created_at', 'status=SUCCESS&sort=-created_at'],
  ['?status=A&status=B', 'status=A&status=B'],
  ['?created_after=2026-01-01T00:00:00%2B01:00', 'created_after=2026-01-01T00:00:00%2B01:00'],
  ['?q=jane+doe', 'q=*'],
  ['?%71=jane', 'q=*'],
  ['?metadata[customer]=jane', 'metadata[customer]=*'],
  ['?metadata%5Bcustomer%5D=jane', 'metadata[customer]=*'],
  ['?code=abc&state=def', 'code=*&state=*'],
  ['?access_token=rl_1_2', '*=*'],
  ['?rl_0123_secret', '*=*'],
])('of %s the access log keeps %s', (query, kept) => expect(masked(query)).toBe(kept))

test('a long query is cut', () => expect(masked(`?status=${'x'.repeat(5_000)}`)?.length).toBeLessThan(2_010))
