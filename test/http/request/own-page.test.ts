import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { isFromOurPage } from '../../../src/http/request/origin-check.ts'

test.each([
  ['a page of this server', { 'sec-fetch-site': 'same-origin' }, true],
  ['one in a browser that sends its origin alone', { origin: 'https://ledger.example' }, true],
  ['a page of another host of the same site, whatever it may send otherwise', { origin: 'https://app.example' }, false],
  ['the same, as browsers send it', { origin: 'https://app.ledger.example', 'sec-fetch-site': 'same-site' }, false],
  ['a page that hides its origin', { origin: 'null' }, false],
  ['a program', {}, false],
])('a session may be used by pages of this server only: %s', (_, headers, expected) => {
  const request = { url: '/runs/r/start', headers: { host: 'ledger.example', ...headers } }
  expect(isFromOurPage(request as unknown as IncomingMessage)).toBe(expected)
})
