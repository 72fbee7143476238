import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeNul, escapeNulInJson, unescapeNul } from '../../../src/read-model/postgres/text.ts'

const controls = fc.string({ unit: fc.constantFrom('\0', '\x01', '\x02', 'a', '\\', 'u0000'), maxLength: 8 })

test('an escaped text holds no NUL and comes back as it was', () =>
  fc.assert(
    fc.property(fc.oneof(controls, fc.string({ unit: 'binary' })), (text) => {
      expect(escapeNul(text)).not.toContain('\0')
      expect(unescapeNul(escapeNul(text))).toBe(text)
    }),
  ))

test('escaped texts stand in the order of their bytes', () =>
  fc.assert(
    fc.property(controls, controls, (one, other) => {
      const order = (a: string, b: string) => Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      expect(order(escapeNul(one), escapeNul(other))).toBe(order(one, other))
    }),
  ))

test('the strings of JSON are escaped as texts are', () =>
  fc.assert(
    fc.property(controls, controls, (key, value) => {
      expect(JSON.parse(escapeNulInJson(JSON.stringify({ [key]: value })))).toEqual({
        [escapeNul(key)]: escapeNul(value),
      })
    }),
  ))

test('half a surrogate pair in JSON is replaced, and whole characters stay', () => {
  const escaped = escapeNulInJson(JSON.stringify(['\ud800x', '𝄞', '\\ud800']))
  expect(JSON.parse(escaped)).toEqual(['\ufffdx', '𝄞', '\\ud800'])
})
