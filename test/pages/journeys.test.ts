/** What an auditor and an engineer come for, by keyboard, over each store, at the root and under a path. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configAt, PATIENT } from '../event-store/eventstoredb/opened.ts'
import { launchBrowser } from '../support/browser/chromium.ts'
import { openPagesLedger, type PagesLedger } from '../support/browser/pages-ledger.ts'
import { openTab } from '../support/browser/watched.ts'
import { type StandIn, startStandIn } from '../support/eventstoredb/stand-in.ts'

let standIn: StandIn
let browser: Browser
const ledgers: Record<string, PagesLedger> = {}

beforeAll(async () => {
  standIn = await startStandIn({})
  const [embedded, eventstoredb, launched] = await Promise.all([
    openPagesLedger(),
    openPagesLedger({ eventStore: configAt(standIn.address, PATIENT) }),
    launchBrowser(),
  ])
  Object.assign(ledgers, { embedded, eventstoredb })
  browser = launched
})

afterAll(async () => {
  await browser.close()
  await Promise.all(Object.values(ledgers).map((ledger) => ledger.close()))
  await standIn.stop()
})

const PLACES = ['embedded', 'eventstoredb'].flatMap((store) => [
  { store, place: 'at the root', root: 0 as const },
  { store, place: 'under a path', root: 1 as const },
])

describe.for(PLACES)('on $store, $place', ({ store, root }) => {
  const addressOf = () => ledgers[store]?.roots[root] ?? ''

  test('an auditor finds who changed the offer, when and why, and prints it', async () => {
    const { page, context, troubles } = await openTab(browser)
    await page.goto(addressOf())
    await heading(page, 'Overview')
    await press(page, 'g', 'r')
    await heading(page, 'Runs')
    await press(page, 'f')
    await page.getByLabel('Filter by').selectOption('Group')
    await page.getByLabel('Group').fill('told')
    await press(page, 'Enter')
    await page
      .getByText('Remove Group told')
      .or(page.getByRole('link', { name: 'Remove Group told' }))
      .waitFor()
    // The list as it was before stays until the filtered one is there.
    await expect.poll(() => page.locator('tbody tr').count(), { timeout: 120_000 }).toBe(3)
    await page.getByRole('row', { name: /offer-1/ }).waitFor()
    await page.evaluate(() => (document.activeElement as HTMLElement).blur())
    // Newest first: the other two runs of the group come before it.
    await press(page, 'j', 'j', 'j', 'Enter')
    await heading(page, 'offer-1')

    const offer = page.getByRole('row', { name: /^offer/ })
    await offer.getByText('bob').waitFor()
    expect(await offer.innerText()).toContain('Matched a competitor')
    const exact = await offer.locator('time').getAttribute('datetime')
    expect(exact).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    await offer.getByRole('button').focus()
    await press(page, 'Enter')
    const earlier = page.getByRole('list', { name: 'Values of run_metadata/offer, newest first' })
    expect(await earlier.locator('li').allInnerTexts()).toEqual([
      expect.stringMatching(/7\.9.*by bob/s),
      expect.stringMatching(/9\.2.*by alice.*Standard terms/s),
    ])

    await page.emulateMedia({ media: 'print' })
    expect(await page.getByRole('navigation', { name: 'Pages' }).isVisible()).toBe(false)
    expect(await page.getByRole('button', { name: 'Print' }).isVisible()).toBe(false)
    expect(await page.getByText('Matched a competitor').first().isVisible()).toBe(true)
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-')
    expect(troubles).toEqual([])
    await context.close()
  })

  test('an engineer finds a failed run, steps through it, and compares it with one that went well', async () => {
    const { page, context, troubles } = await openTab(browser)
    await page.goto(`${addressOf()}ui/runs?status=FAILURE&run_group_id=told`)
    await page.getByRole('row', { name: /failed-1/ }).waitFor()
    await press(page, 'j', 'Enter')
    await heading(page, 'failed-1')
    await page.getByText('Now: after event 3 of 3').waitFor()
    await press(page, 'ArrowLeft')
    await page.getByText('As it stood: after event 2 of 3').waitFor()
    expect(new URL(page.url()).searchParams.get('rev')).toBe('2')
    await page
      .getByRole('row', { name: /^score/ })
      .getByText('-1')
      .waitFor()
    await press(page, 'Home')
    await page.getByText('As it stood: after event 0 of 3').waitFor()
    expect(await page.getByRole('row', { name: /^score/ }).count()).toBe(0)
    await press(page, 'End')
    await page.getByText('Now: after event 3 of 3').waitFor()

    await page.getByRole('link', { name: 'Compare with another run' }).focus()
    await press(page, 'Enter')
    await heading(page, 'Compare')
    await page.getByLabel('Run b', { exact: true }).fill('went-well-1')
    await press(page, 'Enter')
    await page.getByRole('row', { name: /^limit 0 500/ }).waitFor()
    await page.getByRole('row', { name: /^score -1 640/ }).waitFor()
    await page.getByText('no such step').first().waitFor()
    // A link shows a colleague the same, and the back button works.
    await page.reload()
    await page.getByRole('row', { name: /^score -1 640/ }).waitFor()
    await page.goBack()
    await page.goBack()
    await heading(page, 'failed-1')
    expect(troubles).toEqual([])
    await context.close()
  })
})

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor()

const press = async (page: Page, ...keys: readonly string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key)
}
