/** Pages in a browser, watched for whatever goes wrong in them. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'

export type Watched = Readonly<{
  context: BrowserContext
  page: Page
  /** Console errors, exceptions and what the Content-Security-Policy forbade. */
  troubles: string[]
}>

/** A tab of a browser profile of its own. */
export const openTab = async (browser: Browser): Promise<Watched> => {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 860 } })
  // A limit for hangs: a slow machine takes long for a page.
  context.setDefaultTimeout(120_000)
  const troubles: string[] = []
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
      // biome-ignore lint/suspicious/noConsole: this is the page's console, which is watched
      console.error(`forbidden by ${violatedDirective}: ${blockedURI} ${sample}`),
    )
  })
  const page = await context.newPage()
  watch(page, troubles)
  return { context, page, troubles }
}

export const watch = (page: Page, troubles: string[]): void => {
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => troubles.push(`${page.url()}: ${error.stack}`))
}

/** Opens `url` and waits until it shows what it asked for. */
export const visit = async (page: Page, url: string): Promise<void> => {
  await page.goto(url)
  await page.locator('h1').waitFor()
  await page.locator('.loading').waitFor({ state: 'detached' })
}

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** What axe-core finds on the page, by rule, with the elements. */
export const accessibilityFaults = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') }
    const { violations } = await axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    })
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  })
}
