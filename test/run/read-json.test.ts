import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../src/run/read-json.ts'

describe('an escaped key keeps its name', () => {
  // Each first text makes this process's JSON.parse misread the second.
  test.each([
    ['{"a":1,"\\\\":0}', '{"a":1,"\\n":0}', ['a', '\n']],
    ['{"b":1,"\\\\":0}', '{"b":1,"\\"":0}', ['b', '"']],
    ['{"c":1,"n\\\\":0}', '{"c":1,"n\\t":0}', ['c', 'n\t']],
    ['{"d":1,"\\\\u":0}', '{"d":1,"\\u0061\\b":0}', ['d', 'a\b']],
  ])('%s, then %s', (first, second, keys) => {
    readJson(first)
    expect(Object.keys(readJson(second) as object)).toEqual(keys)
  })
})

test('any value comes back as it was written, whatever was read before it', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'n', 'u', '0', '\\', '"', '\n', '\b', '1'), maxLength: 3 })
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, 0, 'a"b\\', '":'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1), (written, space) => {
      expect(readJson(JSON.stringify(written, null, space))).toEqual(written)
    }),
    { numRuns: 3_000 },
  )
})

test('of keys that are the same once read the last one’s value stands, in the place of the first', () => {
  const read = readJson('{"a\\u0062":1,"1":2,"ab":3,"\\u0031":4,"__proto__":5,"\\n":6}') as object
  expect(JSON.stringify(read)).toBe('{"1":4,"ab":3,"__proto__":5,"\\n":6}')
})

test('a key escaped far down, and one beyond any stack', () => {
  const depth = 200_000
  const text = `${'['.repeat(depth)}{"\\n":1}${']'.repeat(depth)}`
  let value = readJson(text)
  for (let level = 0; level < depth; level += 1) value = (value as readonly [typeof value])[0]
  expect(value).toEqual({ '\n': 1 })
})

test.each(['{"\\n":', '{"\\n":1}}', '"\\n":1', '{"\\x":1}', ''])('what is no JSON is refused as ever: %s', (text) => {
  expect(() => readJson(text)).toThrow(SyntaxError)
})
