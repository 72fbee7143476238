/** What a page of another origin can do to a ledger on loopback, tried by a real browser. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../support/browser/chromium.ts'
import { serverForAll } from '../support/network/http-server.ts'

const shared = serverForAll()

let browser: Browser
let evil = ''
let page: Page

const attacker = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html')
  response.end('<!doctype html><title>evil</title>')
})

beforeAll(async () => {
  // Both names lead to this machine, as an attacker's DNS server would have it.
  browser = await launchBrowser('--host-resolver-rules=MAP *.evil.example 127.0.0.1')
  await new Promise<void>((resolve) => {
    attacker.listen(0, '127.0.0.1', resolve)
  })
  evil = `http://www.evil.example:${(attacker.address() as AddressInfo).port}/`
})

afterAll(async () => {
  await browser.close()
  attacker.close()
})

beforeEach(async () => {
  page = await browser.newPage()
  await page.goto(evil)
})

const secret = async () => shared.current().create({ run_id: `secret-${Math.random().toString(36).slice(2)}` })

const storedSince = async (before: unknown) => expect(await shared.current().store.headPosition()()).toEqual(before)

type Init = { method?: string; headers?: Record<string, string>; body?: string; mode?: 'no-cors' }

/** What scripts of the page see of a request: its status and text, or that it failed. */
const fetched = (url: string, init: Init = {}) =>
  page.evaluate(
    async ([address, options]) => {
      try {
        const answer = await fetch(address, options)
        return { status: answer.status, type: answer.type, text: await answer.text() }
      } catch {
        return 'failed'
      }
    },
    [url, init] as const,
  )

test('it cannot read: neither with fetch nor as a script nor in a frame', async () => {
  const run_id = await secret()
  const { url } = shared.current()
  expect(await fetched(`${url}/runs/${run_id}`)).toBe('failed')
  expect(await fetched(`${url}/runs`, { mode: 'no-cors' })).not.toMatchObject({
    text: expect.stringContaining('run_id'),
  })
  const embedded = await page.evaluate(
    (address) =>
      new Promise((resolve) => {
        const script = document.createElement('script')
        script.src = address
        script.onload = () => resolve('ran')
        script.onerror = () => resolve('failed')
        document.body.append(script)
      }),
    `${url}/runs`,
  )
  expect(embedded).toBe('failed')
  const framed = await page.evaluate(
    (address) =>
      new Promise((resolve) => {
        const frame = document.createElement('iframe')
        frame.src = address
        frame.onload = () => resolve(frame.contentDocument === null)
        document.body.append(frame)
      }),
    `${url}/ui/`,
  )
  expect(framed).toBe(true)
})

const BODY = '{"policy_version_id":"evil"}'

test.each([
  ['JSON', { headers: { 'content-type': 'application/json' } }],
  ['JSON sent as plain text, which needs no preflight', { headers: { 'content-type': 'text/plain' } }],
  ['a request that asks for no answer', { mode: 'no-cors' as const }],
])('it cannot write with fetch: %s', async (_what, init) => {
  const { url, store } = shared.current()
  const run_id = await secret()
  const before = await store.headPosition()()
  await fetched(`${url}/runs`, { method: 'POST', body: BODY, ...init })
  await fetched(`${url}/runs/${run_id}/start`, { method: 'POST', ...init })
  await fetched(`${url}/commands`, { method: 'POST', body: `${BODY}\n`, ...init })
  await storedSince(before)
})

test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
  'it cannot write with a form of %s',
  async (encoding) => {
    const { url, store } = shared.current()
    const run_id = await secret()
    const before = await store.headPosition()()
    for (const path of ['/runs', `/runs/${run_id}/start`]) {
      await page.goto(evil)
      const answered = page.waitForResponse((response) => response.url() === url + path)
      await page.evaluate(
        ([action, enctype]) => {
          const form = Object.assign(document.createElement('form'), { method: 'post', action, enctype })
          form.append(
            Object.assign(document.createElement('input'), { name: '{"policy_version_id":"', value: 'evil"}' }),
          )
          document.body.append(form)
          form.submit()
        },
        [url + path, encoding] as const,
      )
      expect((await answered).status()).toBe(403)
      // The answer is a page of its own: another visit must not meet it on its way.
      await page.waitForURL(url + path)
    }
    await storedSince(before)
  },
)

test('a name that is made to lead to the ledger (DNS rebinding) gets it neither reads nor writes', async () => {
  const { port, store } = shared.current()
  await secret()
  const before = await store.headPosition()()
  const rebound = `http://rebound.evil.example:${port}`
  // To the browser the page and the ledger are one origin now.
  await page.goto(`${rebound}/runs`)
  const read = await fetched(`${rebound}/runs`)
  expect(read).toMatchObject({ status: 421, text: expect.not.stringContaining('secret') })
  const written = await fetched(`${rebound}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
  })
  expect(written).toMatchObject({ status: 421 })
  await storedSince(before)
})

test('the same requests of our own pages are answered', async () => {
  const { url } = shared.current()
  await page.goto(`${url}/docs`)
  const written = await fetched(`${url}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
  })
  expect(written).toMatchObject({ status: 201 })
  expect(await fetched(`${url}/runs`)).toMatchObject({ status: 200 })
})
