import fc from 'fast-check'
import { left, right } from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { parseSearch } from '../../src/search/parse.ts'
import type { Field, Search } from '../../src/search/syntax.ts'
import { json } from '../support/arbitraries.ts'
import { PLAIN_FIELDS, searches, searchText, type Vocabulary } from '../support/oracles/searches.ts'
import { rightOf } from '../support/scenario.ts'

const fields: readonly Field[] = [
  ...PLAIN_FIELDS,
  { kind: 'json', name: 'input_data', path: [] },
  { kind: 'json', name: 'run_metadata', path: ['a', 'and', 0, '', 'a "key"\\', '😀', '$status'] },
]

const VOCABULARY: Vocabulary = {
  fields,
  values: ['', 'DECLINED', 'a "quoted" \\ text\n\u0000', '😀 é', 0, -1.5e-7, 12, 9007199254740991, true, false, null],
  times: ['2026-11-01T00:00:00.000Z', '1970-01-01T00:00:00.001Z'],
  durations: [0, 90, 172_800_000],
}

test('what a search means is read from its text', () => {
  fc.assert(
    fc.property(searches(VOCABULARY), (search) => {
      expect(parseSearch(searchText(search))).toEqual(right(search))
    }),
  )
})

const metadata = (...path: (string | number)[]): Field => ({ kind: 'json', name: 'run_metadata', path })
const is = (field: Field, value: string | number | null): Search => ({
  kind: 'comparison',
  field,
  operator: '=',
  value,
})
const [a, b, c] = ['a', 'b', 'c'].map((key) => is(metadata(key), 1)) as [Search, Search, Search]

test.each<readonly [string, Search]>([
  [
    'metadata.a = 1 or metadata.b = 1 and metadata.c = 1',
    { kind: 'or', operands: [a, { kind: 'and', operands: [b, c] }] },
  ],
  ['(metadata.a=1 or metadata.b=1)and metadata.c=1', { kind: 'and', operands: [{ kind: 'or', operands: [a, b] }, c] }],
  ['not metadata.a = 1 and metadata.b = 1', { kind: 'and', operands: [{ kind: 'not', operand: a }, b] }],
  ['not not metadata.a = 1', { kind: 'not', operand: { kind: 'not', operand: a } }],
  ['run_metadata["a"] = 1', a],
  ['metadata.in.not.exists = 1', is(metadata('in', 'not', 'exists'), 1)],
  ['input["a key"][10].x = "\\u0041"', is({ kind: 'json', name: 'input_data', path: ['a key', 10, 'x'] }, 'A')],
  ['created_at = 2026-11-01', is({ kind: 'time', name: 'created_at' }, '2026-11-01T00:00:00.000Z')],
  ['started_at = 2026-11-01T01:30:00.1239+02:00', is({ kind: 'time', name: 'started_at' }, '2026-10-31T23:30:00.123Z')],
  ['started_at = null', is({ kind: 'time', name: 'started_at' }, null)],
  ['duration = 250ms', is({ kind: 'duration', name: 'duration' }, 250)],
  ['duration = 90m', is({ kind: 'duration', name: 'duration' }, 5_400_000)],
  ['duration = 2d', is({ kind: 'duration', name: 'duration' }, 172_800_000)],
])('%s', (text, search) => {
  expect(parseSearch(text)).toEqual(right(search))
})

test.each([
  ['', 1, /^expected a field, not or \(, found the end/],
  ['   ', 4, /found the end/],
  ['status', 7, /^expected an operator, found the end/],
  ['status =', 9, /^expected a value, found the end/],
  ['status == "X"', 9, /= once|written once/],
  ['status = X', 10, /^expected a value, found X/],
  ['status = "X" AND result = "Y"', 14, /keywords are in lower case/],
  ["status = 'X'", 10, /double quotes/],
  ['status = "X', 10, /does not end/],
  ['metadata.a = "\\x"', 14, /JSON does not allow/],
  ['metadata.a = "\\ud800"', 14, /surrogate/],
  ['statsu = "X"', 1, /^statsu is no field: the fields are run_id, /],
  ['status = "X" and toString = 1', 18, /^toString is no field/],
  ['status.a = 1', 8, /nothing is inside status/],
  ['metadata["😀"] = 😀', 17, /^unexpected 😀/],
  ['metadata["😀"] = "😀" x', 21, /^expected and, or, or the end, found x/],
  ['metadata.a = 01', 14, /neither a number/],
  ['metadata.a = 1.5h', 14, /neither a number/],
  ['metadata.a = 1e400', 14, /too large/],
  ['metadata[-1] = 1', 10, /whole number from 0/],
  ['metadata[0.5] = 1', 10, /whole number from 0/],
  ['metadata. = 1', 11, /^expected a name/],
  ['metadata.a in ()', 16, /^expected a value, found \)/],
  ['metadata.a in (1', 17, /^expected \), found the end/],
  ['metadata.a startswith 1', 23, /^expected a string, found 1/],
  ['metadata.a = 2026-11-01', 14, /only with created_at/],
  ['metadata.a = 5m', 14, /only with duration/],
  ['created_at = "2026-11-01"', 14, /without quotes/],
  ['created_at = 2026-02-30', 14, /a date or RFC 3339/],
  ['created_at = 2026-02-03T10:00:00', 14, /a date or RFC 3339/],
  ['created_at contains 2026-02-03', 12, /^created_at takes =/],
  ['duration > 5', 12, /a unit of ms, s, m, h or d/],
  ['duration > 99999999999999999d', 12, /no run can have/],
  [`${'('.repeat(21)}status exists${')'.repeat(21)}`, 21, /nested more than 20 deep/],
  [`${'not '.repeat(21)}status exists`, 81, /nested more than 20 deep/],
  ['('.repeat(2_000), 21, /nested/],
  [Array(21).fill('status exists').join(' and '), 361, /at most 20 comparisons/],
  [`metadata.a in (${Array(101).fill('1').join(',')})`, 216, /at most 100 values/],
  [`status = "${'😀'.repeat(2_000)}"`, 2_001, /at most 2000 characters/],
] as const)('%s is refused at column %i', (text, column, detail) => {
  expect(parseSearch(text)).toEqual(left({ column, detail: expect.stringMatching(detail) }))
})

test('what is just within every limit is read', () => {
  rightOf(parseSearch(`${'('.repeat(20)}status exists${')'.repeat(20)}`))
  rightOf(parseSearch(`${'not '.repeat(20)}status exists and ${'not '.repeat(20)}status exists`))
  rightOf(parseSearch(Array(20).fill('status exists').join(' or ')))
  rightOf(parseSearch(`metadata.a in (${Array(100).fill('1').join(',')})`))
  rightOf(parseSearch(`status = "${'😀'.repeat(1_989)}"`))
})

// Tokens in any order: nearly all of them wrong, somewhere.
const TOKENS = [
  'status',
  'metadata',
  '.a',
  '[0]',
  '["😀"]',
  '=',
  '!=',
  'in',
  '(',
  ')',
  ',',
  'not',
  'and',
  'or',
  'exists',
]
const MORE = ['startswith', 'contains', '"x"', '1', '2d', '2026-11-01', 'null', 'created_at', 'duration', "'", '&', 'x']

test('whatever is written is read, or refused at a column inside of it or just after it', () => {
  const anything = fc.oneof(
    fc.array(fc.constantFrom(...TOKENS, ...MORE), { maxLength: 60 }).map((tokens) => tokens.join(' ')),
    fc.string({ unit: 'binary', maxLength: 100 }),
    json.map((value) => JSON.stringify(value)),
  )
  fc.assert(
    fc.property(anything, (text) => {
      const parsed = parseSearch(text)
      if (parsed._tag === 'Right') return
      expect(parsed.left.column).toBeGreaterThanOrEqual(1)
      expect(parsed.left.column).toBeLessThanOrEqual([...text].length + 1)
      expect(parsed.left.detail).not.toMatch(/Token|undefined|-->/)
    }),
    { numRuns: 1_000 },
  )
})

test('the column of a fault does not move with what follows it', () => {
  fc.assert(
    fc.property(searches(VOCABULARY), fc.constantFrom(' &', ' =', ' x y', ' ) and', ' 😀 "'), (search, wrong) => {
      const text = searchText(search)
      const column = [...text].length + 2
      expect(parseSearch(text + wrong)).toMatchObject(left({ column }))
    }),
  )
})
