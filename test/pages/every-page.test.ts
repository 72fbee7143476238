/** Every page, at the root and under a path, light and dark: nothing goes wrong, and axe-core finds nothing. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../support/browser/chromium.ts'
import { openPagesLedger, type PagesLedger } from '../support/browser/pages-ledger.ts'
import { accessibilityFaults, openTab, visit } from '../support/browser/watched.ts'

let ledger: PagesLedger
let browser: Browser

beforeAll(async () => {
  ;[ledger, browser] = await Promise.all([openPagesLedger(), launchBrowser()])
})

afterAll(async () => {
  await browser.close()
  await ledger.close()
})

/** Each with what must be on it. */
const PAGES = [
  ['ui/', 'Waiting now'],
  ['ui/runs', 'offer-1'],
  ['ui/runs?status=FAILURE&columns=status,metadata.score', 'failed-1'],
  ['ui/runs?status=NO_SUCH', 'No run matches'],
  ['ui/runs?sort=nothing', 'must be one of'],
  ['ui/runs/offer-1', 'Matched a competitor'],
  ['ui/runs/offer-1?rev=2&against=0', 'What differs from revision 0'],
  ['ui/diff', 'Choose two runs'],
  ['ui/diff?a=failed-1&b=went-well-1', 'Path of events'],
  ['ui/audit?actor=bob', 'Matched a competitor'],
  ['ui/policy-versions/personal-loan-3.2?with=credit-card-1.4', 'Duration until completion'],
  ['ui/policy-versions/personal-loan-3.2/agreement?with=nobody', 'No group was decided by both'],
  ['ui/policy-versions/personal-loan-3.2/agreement?with=credit-card-1.4', 'Longer by, p50'],
  ['ui/policy-versions/personal-loan-3.2/agreement', 'With which version?'],
  ['ui/runs?q=result%20exists%20and%20metadata%20exists', 'offer-1'],
  ['ui/runs?q=status%20%3D%3D%201', 'written once'],
  ['ui/policy-versions', 'credit-card-1.4'],
  ['ui/run-groups', 'told'],
  ['ui/run-groups/told', '3 runs'],
  ['ui/projections', 'None. Every event of every run can be read.'],
  ['ui/nowhere', 'No page has this address'],
] as const

test('each page works at the root, and axe-core finds nothing on it, light or dark', async () => {
  const { page, troubles, context } = await openTab(browser)
  const faults: string[] = []
  for (const [path, shown] of PAGES) {
    await visit(page, ledger.roots[0] + path)
    await page.getByText(shown).first().waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      faults.push(...(await accessibilityFaults(page)).map((fault) => `${path} ${colorScheme} ${fault}`))
    }
  }
  expect(faults).toEqual([])
  // A refused query is logged by the browser as a failed request.
  expect(troubles.filter((trouble) => !trouble.includes('status of 400'))).toEqual([])
  await context.close()
})

test('each page works under a path', async () => {
  const { page, troubles, context } = await openTab(browser)
  for (const [path, shown] of PAGES) {
    await visit(page, ledger.roots[1] + path)
    await page.getByText(shown).first().waitFor()
    const outside = await page
      .locator('a[href]')
      .evaluateAll((links) =>
        links.map((link) => (link as HTMLAnchorElement).pathname).filter((at) => !at.startsWith('/x/')),
      )
    expect(outside, path).toEqual([])
  }
  expect(troubles.filter((trouble) => !trouble.includes('status of 400'))).toEqual([])
  await context.close()
})

test('on a narrow screen no page is wider than the screen', async () => {
  const { page, context } = await openTab(browser)
  await page.setViewportSize({ width: 390, height: 844 })
  for (const [path, shown] of PAGES) {
    await visit(page, ledger.roots[0] + path)
    await page.getByText(shown).first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
  }
  await context.close()
})

test('a page that cannot reach the server says so, and tries again on demand', async () => {
  const { page, context } = await openTab(browser)
  await visit(page, `${ledger.roots[1]}ui/runs`)
  ledger.proxy.cut()
  await page.getByRole('link', { name: 'Projections' }).click()
  await page.getByText('The server cannot be reached').waitFor()
  ledger.proxy.mend()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('up to date').first().waitFor()
  await context.close()
})
