import { expect, test } from 'vitest'
import { accepts } from '../../src/http/replies.ts'

test.each([
  [undefined, true],
  ['', true],
  ['*/*', true],
  ['application/json', true],
  ['APPLICATION/JSON', true],
  ['application/*', true],
  ['text/html, application/xhtml+xml, */*;q=0.8', true],
  ['application/json; charset=utf-8', true],
  ['application/problem+json, application/json;q=0.1', true],
  ['text/html', false],
  ['text/*', false],
  ['application/json;q=0', false],
  ['application/json;q=0.0, */*', false],
  ['application/*;q=0, */*;q=1', false],
  ['application/*;q=0, application/json', true],
])('Accept: %s', (accept, expected) => {
  expect(accepts(accept, 'application/json')).toBe(expected)
})
