import { expect, test } from 'vitest'
import { accepts, preferredOf } from '../../../src/http/response/content-negotiation.ts'

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

const TYPES = { json: 'application/json', csv: 'text/csv', ndjson: 'application/x-ndjson' }

test.each([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['text/csv', 'csv'],
  ['text/*', 'csv'],
  ['text/csv, */*', 'csv'],
  ['application/x-ndjson, application/json', 'json'],
  ['application/json;q=0.5, text/csv;q=0.7', 'csv'],
  ['application/json;q=0, application/*', 'ndjson'],
  ['application/json;q=0, */*;q=0.1', 'csv'],
  // What Chromium and Firefox send for a page that is opened.
  [
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
    'json',
  ],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json'],
  ['text/html', null],
  ['*/*;q=0', null],
])('of several types Accept: %s likes best %s', (accept, expected) => {
  expect(preferredOf(accept, TYPES)).toBe(expected)
})
