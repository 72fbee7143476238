import { parse } from 'node:querystring'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_PARAMETERS, parseQueryString, UNDECODABLE } from '../../../src/http/request/query-string.ts'

const piece = fc.constantFrom(
  'a',
  'b',
  'metadata[x]',
  '__proto__',
  'toString',
  '=',
  '&',
  '+',
  '%20',
  '%C3%A9',
  '%2B',
  '%26',
  '%3D',
  'é',
  '',
)

test('a query string is read as Node reads it', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      expect({ ...parseQueryString(text) }).toEqual({ ...parse(text) })
    }),
    { numRuns: 1000 },
  )
})

test('a parameter may have the name of what every object has', () => {
  expect(Object.entries(parseQueryString('__proto__=1&toString=2&__proto__=3'))).toEqual([
    ['__proto__', ['1', '3']],
    ['toString', '2'],
  ])
})

test('without a query there are no parameters', () => {
  expect(parseQueryString('')).toBe(NO_PARAMETERS)
})

test.each(['a=%', 'a=%E9', '%ff=1', 'a=1&b=%C3&c=%A9', 'a=%zz'])('a broken percent-encoding is told: %s', (text) => {
  expect(parseQueryString(text)).toBe(UNDECODABLE)
})
