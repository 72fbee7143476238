/** Live: one connection for all tabs, nothing missed and nothing doubled, whatever breaks in between. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../support/browser/chromium.ts'
import { openPagesLedger, type PagesLedger, send } from '../support/browser/pages-ledger.ts'
import { openTab, visit, watch } from '../support/browser/watched.ts'

let ledger: PagesLedger
let browser: Browser

beforeAll(async () => {
  ;[ledger, browser] = await Promise.all([openPagesLedger(), launchBrowser()])
})

afterAll(async () => {
  await browser.close()
  await ledger.close()
})

const isLive = (page: Page) => page.getByRole('status').getByText('Live', { exact: true }).waitFor()

const create = (run_id: string, more: object = {}) => ({ command: 'create', run_id, policy_version_id: 'p', ...more })

test('tabs share one stream, and the next takes over when its tab is closed', async () => {
  const { context, page, troubles } = await openTab(browser)
  const streams: string[] = []
  context.on('request', (request) => {
    if (new URL(request.url()).pathname === '/stream') streams.push(request.url())
  })
  await visit(page, `${ledger.roots[0]}ui/projections`)
  await isLive(page)
  const second = await context.newPage()
  watch(second, troubles)
  await visit(second, `${ledger.roots[0]}ui/audit?live=on&actor=carol`)
  await isLive(second)
  expect(streams).toHaveLength(1)
  await page.close()
  await send(ledger.server, [create('shared-1', { actor: 'carol' })])
  await second.getByRole('link', { name: 'shared-1' }).waitFor()
  expect(streams).toHaveLength(2)
  expect(troubles).toEqual([])
  await context.close()
})

test('an open run is followed; what is read of its past does not move', async () => {
  const { context, page } = await openTab(browser)
  await send(ledger.server, [create('open-1')])
  await visit(page, `${ledger.roots[0]}ui/runs/open-1`)
  await isLive(page)
  await send(ledger.server, [{ command: 'start', run_id: 'open-1' }])
  await page.getByText('Now: after event 1 of 1').waitFor()
  await page.keyboard.press('ArrowLeft')
  await send(ledger.server, [{ command: 'change_status', run_id: 'open-1', status: 'SCORED' }])
  await page.getByText('As it stood: after event 0 of 2').waitFor()
  await context.close()
})

test('new runs announce themselves, and the list stays until the reader asks', async () => {
  const { context, page } = await openTab(browser)
  await visit(page, `${ledger.roots[0]}ui/runs?policy_version_id=announced`)
  await page.getByText('No run matches').waitFor()
  await isLive(page)
  await send(ledger.server, [
    create('new-1', { policy_version_id: 'announced' }),
    create('new-2', { policy_version_id: 'announced' }),
    create('other'),
  ])
  await page.getByRole('button', { name: '2 new runs' }).click()
  await page.getByRole('link', { name: 'new-2' }).waitFor()
  await page.getByRole('button', { name: '2 new runs' }).waitFor({ state: 'detached' })
  await context.close()
})

test('a tail that was cut off says so, and catches up by itself, each entry once', async () => {
  const { context, page } = await openTab(browser)
  await visit(page, `${ledger.roots[1]}ui/audit?actor=dave&live=on`)
  await isLive(page)
  await send(ledger.server, [create('cut-0', { actor: 'dave' })])
  await page.getByRole('link', { name: 'cut-0' }).waitFor()
  ledger.proxy.cut()
  await page.getByText('Not live: reconnecting').waitFor()
  await send(ledger.server, [create('cut-1', { actor: 'dave' }), create('cut-2', { actor: 'dave' })])
  ledger.proxy.mend()
  await isLive(page)
  await send(ledger.server, [create('cut-3', { actor: 'dave' })])
  await page.getByRole('link', { name: 'cut-3' }).waitFor()
  expect(await page.getByRole('link', { name: /^cut-/ }).allInnerTexts()).toEqual(['cut-3', 'cut-2', 'cut-1', 'cut-0'])
  await context.close()
})

test('a tail waits while somebody reads further down, and goes on once they are back at the top', async () => {
  const { context, page } = await openTab(browser)
  const created = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => create(`erin-${from + i}`, { actor: 'erin' }))
  await send(ledger.server, created(0, 120))
  await visit(page, `${ledger.roots[0]}ui/audit?actor=erin&live=on`)
  await isLive(page)
  const read = page.getByRole('link', { name: 'erin-60', exact: true })
  await read.scrollIntoViewIfNeeded()
  const before = await read.boundingBox()
  await send(ledger.server, created(120, 125))
  await page.getByRole('button', { name: 'New entries above' }).waitFor()
  expect(await read.boundingBox()).toEqual(before)
  expect(await page.getByRole('link', { name: 'erin-124' }).count()).toBe(0)
  await page.getByRole('button', { name: 'New entries above' }).click()
  await page.getByRole('link', { name: 'erin-124' }).waitFor()
  const names = await page.getByRole('link', { name: /^erin-/ }).allInnerTexts()
  expect(new Set(names).size).toBe(names.length)
  expect(names.slice(0, 5)).toEqual([124, 123, 122, 121, 120].map((n) => `erin-${n}`))
  await context.close()
})
