/** Searching the list of runs: names are completed, the address holds the search, and a fault is marked. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../support/browser/chromium.ts'
import { openPagesLedger, type PagesLedger } from '../support/browser/pages-ledger.ts'
import { openTab, visit } from '../support/browser/watched.ts'

let ledger: PagesLedger
let browser: Browser

beforeAll(async () => {
  ;[ledger, browser] = await Promise.all([openPagesLedger(), launchBrowser()])
})

afterAll(async () => {
  await browser.close()
  await ledger.close()
})

test('a search is typed with its names completed, found, kept in the address, and refused where it cannot be read', async () => {
  const { page, context } = await openTab(browser)
  await visit(page, `${ledger.roots[0]}ui/runs`)
  await page.getByText('offer-1').first().waitFor()
  const field = page.getByRole('combobox', { name: 'Search', exact: true })

  await field.pressSequentially('run_i')
  await page.getByRole('option', { name: 'run_id' }).waitFor()
  await field.press('ArrowDown')
  await field.press('Enter')
  expect(await field.inputValue()).toBe('run_id')
  await field.pressSequentially(' = "offer-1"')
  await field.press('Enter')
  await page.waitForURL((url) => url.searchParams.get('q') === 'run_id = "offer-1"')
  await page.getByText('went-well-1').first().waitFor({ state: 'detached' })
  await page.getByText('offer-1').first().waitFor()

  // From its address alone it is the same page.
  await visit(page, page.url())
  await page.getByText('offer-1').first().waitFor()
  expect(await field.inputValue()).toBe('run_id = "offer-1"')

  await field.fill('run_id == "offer-1"')
  await field.press('Enter')
  await page.locator('.search .fault mark').waitFor()
  expect(await page.locator('.search .fault').textContent()).toMatch(/^run_id ==\s+expected a value/)
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  await context.close()
})
