import { expect, test } from 'vitest'
import { attempt, RETRY_POLICY } from '../../src/client/send.ts'

const HOUR_MS = 3_600_000

const dateIn = (ms: number): string => new Date(Date.now() + ms).toUTCString()

/** After how many ms a request is to be tried again whose answer has these headers. */
const waitAfter = async (headers: Record<string, string>) => {
  const fetch = async () =>
    new Response('{"type":"/problems/store-unavailable","title":"","status":503,"detail":""}', {
      status: 503,
      headers: { 'content-type': 'application/problem+json', ...headers },
    })
  const transport = { fetch, url: new URL('http://127.0.0.1/'), retry: RETRY_POLICY }
  const sending = { method: 'GET', path: 'runs', headers: {}, timeout: null } as const
  return (await attempt(transport, sending, async () => undefined)).again
}

test('Retry-After is seconds, or a date by the clock of the server', async () => {
  expect(await waitAfter({ 'retry-after': '7' })).toBe(7_000)
  const skewed = { date: dateIn(HOUR_MS), 'retry-after': dateIn(HOUR_MS + 9_000) }
  expect(await waitAfter(skewed)).toBe(Date.parse(skewed['retry-after']) - Date.parse(skewed.date))
})

test('without a Date header, a date is by the clock of the client', async () => {
  const wait = await waitAfter({ 'retry-after': dateIn(HOUR_MS) })
  expect(wait).toBeGreaterThan(HOUR_MS / 2)
  expect(wait).toBeLessThanOrEqual(HOUR_MS)
})

test.each(['', 'soon', '-3', '1.5 h'])(
  'a Retry-After of %j says nothing, and one in the past means now',
  async (text) => {
    expect(await waitAfter({ 'retry-after': text })).toBe(0)
    expect(await waitAfter({ 'retry-after': dateIn(-HOUR_MS) })).toBe(0)
  },
)
