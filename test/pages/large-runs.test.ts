/** A run of as many events as one can have, and one with as much metadata: the page stays responsive. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../support/browser/chromium.ts'
import { openPagesLedger, type PagesLedger, send } from '../support/browser/pages-ledger.ts'
import { openTab } from '../support/browser/watched.ts'

let ledger: PagesLedger
let browser: Browser

const EVENTS = 10_000

const command = (run_id: string, command: string, n: number, more: object = {}) => ({
  command,
  run_id,
  actor: `actor-${n % 7}`,
  occurred_at: new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString(),
  ...more,
})

beforeAll(async () => {
  ;[ledger, browser] = await Promise.all([openPagesLedger(), launchBrowser()])
  const changes = Array.from({ length: EVENTS - 3 }, (_, at) =>
    command('long', 'change_status', at + 2, { status: `STEP_${at % 5}`, run_metadata: { [`key-${at % 300}`]: at } }),
  )
  await send(ledger.server, [
    command('long', 'create', 0, { policy_version_id: 'p' }),
    command('long', 'start', 1),
    ...changes.slice(0, 5_000),
  ])
  await send(ledger.server, [...changes.slice(5_000), command('long', 'complete', EVENTS, { status: 'SUCCESS' })])
  // Some 250 KiB in 5,000 keys, and one text.
  const keys = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, at) => [`key-${at}`, `value ${at} ${'x'.repeat(12)}`]),
  )
  await send(ledger.server, [
    command('heavy', 'create', 0, { policy_version_id: 'p', run_metadata: { ...keys, text: 'y'.repeat(60_000) } }),
    command('heavy', 'start', 1),
    ...Array.from({ length: 40 }, (_, at) =>
      command('heavy', 'change_status', at + 2, { status: 'STEP', run_metadata: { [`key-${at}`]: 'changed' } }),
    ),
  ])
})

afterAll(async () => {
  await browser.close()
  await ledger.close()
})

/** By its element, because a search of the page by role or text is a long task of its own. */
const stepped = (page: Page, text: string) => page.locator('.stepper h2', { hasText: text }).waitFor()

/** Measures what the page's thread does for each action: no task of it can take longer than all of them together. */
const workOf = async (page: Page) => {
  const session = await page.context().newCDPSession(page)
  // Time of the processor: on a busy machine the time of the clock says more about others.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const total = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return 1_000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN)
  }
  return async (act: () => Promise<void>): Promise<number> => {
    const before = await total()
    await act()
    return (await total()) - before
  }
}

const LIMIT_MS = 200

test('a run of 10,000 events is folded in the browser, stepped through and searched without a long task', async () => {
  const { page, context, troubles } = await openTab(browser)
  await page.goto(`${ledger.roots[0]}ui/runs/long`)
  await page.getByText('Now: after event 9,999 of 9,999').waitFor({ timeout: 120_000 })
  expect(await page.locator('.timeline > ol > li').count()).toBeLessThanOrEqual(100)
  const work = await workOf(page)
  const stepsTo = (key: string, event: string) => async () => {
    await page.keyboard.press(key)
    await stepped(page, `after event ${event} of 9,999`)
  }
  const status = page.locator('.blame tbody tr:nth-child(4) button')
  const actions = {
    'the event before': stepsTo('ArrowLeft', '9,998'),
    'and the one before that': stepsTo('ArrowLeft', '9,997'),
    'the first event': stepsTo('Home', '0'),
    'the slider': async () => {
      await page.locator('.slide input').fill('5000')
      await stepped(page, 'after event 5,000 of 9,999')
    },
    'earlier values': async () => {
      await status.click()
      await page.locator('.earlier li').first().waitFor()
    },
  }
  for (const [what, act] of Object.entries(actions)) expect(await work(act), what).toBeLessThan(LIMIT_MS)
  expect(troubles).toEqual([])
  await context.close()
})

test('a run with 256 KiB of metadata is stepped through without a long task; what is long is cut', async () => {
  const { page, context, troubles } = await openTab(browser)
  await page.goto(`${ledger.roots[0]}ui/runs/heavy`)
  await page.getByText('Now: after event 41 of 41').waitFor()
  const work = await workOf(page)
  for (const [key, event] of [
    ['ArrowLeft', '40'],
    ['ArrowLeft', '39'],
    ['Home', '0'],
    ['End', '41'],
  ] as const) {
    const took = await work(async () => {
      await page.keyboard.press(key)
      await stepped(page, `after event ${event} of 41`)
    })
    expect(took, `${key} to event ${event}`).toBeLessThan(LIMIT_MS)
  }
  await page.getByRole('button', { name: /Show 1,000 more of/ }).waitFor()
  expect(troubles).toEqual([])
  await context.close()
})
