import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/run/parse-json.ts'
import { json } from '../support/arbitraries.ts'
import { isHeldByDouble, numberToken } from '../support/json-numbers.ts'
import { rightOf } from '../support/scenario.ts'

const parse = (text: string) => parseJson(Buffer.from(text))
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
const nestedObjects = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`

describe('what I-JSON lets be is read as JSON.parse reads it', () => {
  test.each([
    '{}',
    ' \t\r\n{"a" : [ 1 , null , true ] } ',
    '"text"',
    '9007199254740991',
    '-9007199254740991',
    '9007199254740991.0',
    '0.10000000000000001',
    '[1.10,-0.0,1.0000000000000000000000]',
    '314.1592653589793',
    '1e15',
    '1e21',
    '1e308',
    '5e-324',
    '0e-400',
    '"5e-400 and 0.1234567890123456789"',
    '"\u{1f600} \ufdcf\ufdf0\ufffd"',
    '-0',
    '{"constructor":{"toString":1},"":0,"__proto":1,"proto__":2}',
    '"__proto__"',
    '"\\ud83d\\ude00 and \\u0000 and \\\\u"',
    '"1234567890123456789012345"',
    '{"1234567890123456789":1}',
    '"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["',
    '["1e400","2E999"]',
  ])('%s', (text) => deepStrictEqual(parse(text), { _tag: 'Right', right: JSON.parse(text) }))

  test('of duplicate keys the last, whatever the first was', () =>
    expect(parse('{"a":1e400,"b":1,"a":2}')).toStrictEqual({ _tag: 'Right', right: { a: 2, b: 1 } }))

  test.each([nested(64), nestedObjects(64), `[${'[],'.repeat(1000)}[]]`])('64 levels, however many brackets', (text) =>
    expect(parse(text)).toStrictEqual({ _tag: 'Right', right: JSON.parse(text) }),
  )
})

describe('what I-JSON forbids is refused, and where it stands is told', () => {
  test.each([
    ['9007199254740992', ''],
    ['-9007199254740992', ''],
    ['{"a":{"b":[0,9007199254740993]}}', '/a/b/1'],
    ['[9007199254740993.0]', '/0'],
    ['[1e16]', '/0'],
    ['[1E+20]', '/0'],
    ['[100000000000000000000000]', '/0'],
    ['{"deep":[{"n":-1000000000000000000000000000000}]}', '/deep/0/n'],
    ['[1e400]', '/0'],
    ['[-1e400]', '/0'],
    ['[9007199254740991.4]', '/0'],
    ['{"a":[1,0.1234567890123456789]}', '/a/1'],
    ['3.14159265358979323846e2', ''],
    ['{"a":1e-400}', '/a'],
    [`[1.${'3'.repeat(101)}]`, '/0'],
    [`[${'9'.repeat(400)}]`, '/0'],
    ['["\ufffe"]', '/0'],
    ['["x\uffffx"]', '/0'],
    ['["\\ufdd0"]', '/0'],
    ['{"a":"\ufdef"}', '/a'],
    ['{"a":"\u{1fffe}"}', '/a'],
    ['["\\udbff\\udfff"]', '/0'],
    ['{"\uffff":1}', '/\uffff'],
    [`[${'9'.repeat(400)}.5]`, '/0'],
    ['["\\ud800"]', '/0'],
    ['["\\udc00\\ud800"]', '/0'],
    ['{"a":"x\\uDEADx"}', '/a'],
    ['{"\\ud800":1}', '/\ufffd'],
    ['{"__proto__":1}', '/__proto__'],
    ['{"a":[{"__proto__":{}}]}', '/a/0/__proto__'],
    ['{"\\u005f_proto__":1}', '/__proto__'],
    ['{"__pr\\u006fto__":1}', '/__proto__'],
    ['{"a/b":{"c~d":9007199254740992}}', '/a~1b/c~0d'],
    [nested(65), '/0'.repeat(64)],
    [nestedObjects(65), '/a'.repeat(64)],
  ])('%.60s', (text, pointer) =>
    expect(parse(text)).toMatchObject({ _tag: 'Left', left: { _tag: 'NotIJson', pointer } }),
  )

  test.each([
    ['a byte that never stands in UTF-8', [0x22, 0xff, 0x22]],
    ['a text cut in a character', [0x22, 0xe2, 0x82, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate as three bytes', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ])('%s', (_name, bytes) =>
    expect(parseJson(Uint8Array.from(bytes))).toMatchObject({ _tag: 'Left', left: { _tag: 'NotIJson', pointer: '' } }),
  )
})

describe('what is no JSON is malformed', () => {
  test.each([
    '',
    ' ',
    '\ufeff{}',
    '{',
    '{"a":1,}',
    "{'a':1}",
    '01',
    '+1',
    '.5',
    'NaN',
    'Infinity',
    '"\n"',
    '"\\x"',
    '{} {}',
    'nul',
    '[1e400',
    '['.repeat(1024 * 1024),
    '{"__proto__":9007199254740993',
  ])('%.40j', (text) => expect(parse(text)).toMatchObject({ _tag: 'Left', left: { _tag: 'MalformedJson' } }))

  test('and a million levels are only too many levels', () =>
    expect(parse(nested(500_000))).toMatchObject({ _tag: 'Left', left: { _tag: 'NotIJson' } }))
})

test('bytes are read from where they stand in their buffer, whichever kind of bytes they are', () => {
  const buffer = Buffer.from('xx[1]yy')
  expect(rightOf(parseJson(new Uint8Array(buffer.buffer, buffer.byteOffset + 2, 3)))).toStrictEqual([1])
  expect(rightOf(parseJson(buffer.subarray(2, 5)))).toStrictEqual([1])
})

test('what JSON.stringify writes of any I-JSON comes back as it was', () =>
  fc.assert(fc.property(json, (value) => deepStrictEqual(rightOf(parse(JSON.stringify(value))), value))))

// A slow oracle: a tree of tokens, of which it is known how each is written and what it means.
type Node =
  | Readonly<{ kind: 'number'; token: string }>
  | Readonly<{ kind: 'string'; token: string }>
  | Readonly<{ kind: 'array'; items: readonly Node[] }>
  | Readonly<{ kind: 'object'; members: readonly (readonly [token: string, Node])[] }>

const stringToken = fc
  .array(
    fc.constantFrom(
      'a',
      'é',
      '😀',
      '[',
      '{',
      '1234567890',
      'e',
      '\\n',
      '\\\\',
      '\\ud83d',
      '\ufffe',
      '\\uFDD0',
      '\u{10ffff}',
      '\\ude00',
      '\\u0041',
      '__proto__',
      '\\u005f',
    ),
    { maxLength: 3 },
  )
  .map((parts) => `"${parts.join('')}"`)
const keyToken = fc.oneof(stringToken, fc.constantFrom('"a"', '"b"', '"__proto__"', '"\\u005f_proto__"'))

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    numberToken.map((token) => ({ kind: 'number' as const, token })),
    stringToken.map((token) => ({ kind: 'string' as const, token })),
    fc.array(tie('node'), { maxLength: 3 }).map((items) => ({ kind: 'array' as const, items })),
    fc
      .array(fc.tuple(keyToken, tie('node')), { maxLength: 3 })
      .map((members) => ({ kind: 'object' as const, members })),
  ),
}))

const written = (node: Node): string => {
  if (node.kind === 'array') return `[${node.items.map(written).join(',')}]`
  if (node.kind === 'object') return `{${node.members.map(([key, value]) => `${key}:${written(value)}`).join(',')}}`
  return node.token
}

/** Of single tokens: of a whole text JSON.parse may get escaped keys wrong (see `readJson`). */
const valueIn = (node: Node): unknown => {
  if (node.kind === 'array') return node.items.map(valueIn)
  if (node.kind !== 'object') return JSON.parse(node.token)
  const members = node.members.map(([key, value]) => [JSON.parse(key) as string, valueIn(value)] as const)
  return Object.fromEntries(members)
}

const isFine = (node: Node): boolean => {
  switch (node.kind) {
    case 'number':
      return isHeldByDouble(node.token)
    case 'string':
      return isFineText(JSON.parse(node.token))
    case 'array':
      return node.items.every(isFine)
    case 'object': {
      const last = new Map(node.members.map(([key, value]) => [JSON.parse(key) as string, value]))
      return [...last].every(([key, value]) => key !== '__proto__' && isFineText(key) && isFine(value))
    }
    default:
      return node satisfies never
  }
}

const isFineText = (text: string): boolean =>
  [...text].every((character) => {
    const code = character.codePointAt(0) as number
    return (code < 0xd800 || code > 0xdfff) && (code < 0xfdd0 || code > 0xfdef) && (code & 0xfffe) !== 0xfffe
  })

test('it takes and refuses what a slow reading of the tokens takes and refuses', () => {
  const seen = { fine: 0, refused: 0 }
  fc.assert(
    fc.property(node, (tree) => {
      const text = written(tree)
      const result = parse(text)
      if (isFine(tree)) deepStrictEqual(result, { _tag: 'Right', right: valueIn(tree) })
      else expect(result).toMatchObject({ _tag: 'Left', left: { _tag: 'NotIJson' } })
      seen[isFine(tree) ? 'fine' : 'refused'] += 1
    }),
    { numRuns: 2000 },
  )
  // Both verdicts came up often, so the property is no empty one.
  expect(Math.min(seen.fine, seen.refused)).toBeGreaterThan(200)
})
