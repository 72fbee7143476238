import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { issueIn, withKeys } from '../support/access/keys.ts'
import { launchBrowser } from '../support/browser/chromium.ts'
import { accessibilityFaults, openTab } from '../support/browser/watched.ts'
import { startServer, type TestServer } from '../support/network/http-server.ts'

let server: TestServer
let browser: Browser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ access: withKeys() }), launchBrowser()])
  await server.create({ run_id: 'shown' })
  await issueIn(server.store, ['admin'])
})

afterAll(async () => {
  await browser.close()
  await server.close()
})

test('a page asks for a key, shows what it may, offers nothing else, and signs out', async () => {
  const key = await issueIn(server.store, ['reader'], { name: 'ann' })
  const { page, troubles, context } = await openTab(browser)
  await page.goto(`${server.url}/ui/runs`)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  expect(await page.getByRole('link', { name: 'Runs' }).count()).toBe(0)

  await page.getByPlaceholder('rl_…').fill('rl_wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Valid credentials are needed').first().waitFor()
  await page.getByPlaceholder('rl_…').fill(key.text)
  await page.getByRole('button', { name: 'Sign in' }).click()

  await page.getByText('shown').first().waitFor()
  await page.getByText('key:ann').waitFor()
  expect(await page.getByRole('link', { name: 'Runs' }).count()).toBe(1)
  expect(await page.getByRole('link', { name: 'Audit trail' }).count()).toBe(0)
  expect(await page.evaluate(() => document.cookie)).toBe('')

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  // Refusals are logged by the browser, and so is the live stream that ends with the session.
  const expected = /status of 401|ERR_INCOMPLETE_CHUNKED_ENCODING/
  expect(troubles.filter((trouble) => !expected.test(trouble))).toEqual([])
  await context.close()
})
