/** A real browser, from an npm package: a machine that has nothing but Node and npm can run it. */
import { existsSync } from 'node:fs'
import { type Browser, chromium as playwright } from 'playwright-core'

/** The browser that `CHROMIUM` names, one that the system has, or the one inside @sparticuz/chromium; `args` are added to its own. */
export const launchBrowser = async (...args: readonly string[]): Promise<Browser> =>
  playwright.launch({
    executablePath: await executable(),
    // As root there is no sandbox; what the tests open is our own.
    args: ['--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--font-render-hinting=none', ...args],
  })

const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const executable = async (): Promise<string> => {
  const named = process.env['CHROMIUM'] ?? SYSTEM.find((path) => existsSync(path))
  if (named !== undefined) return named
  // Before it is imported: it then unpacks its own libraries beside the browser, such as libnss3.
  process.env['AWS_EXECUTION_ENV'] = 'AWS_Lambda_nodejs24.x'
  const { default: packed } = await import('@sparticuz/chromium')
  return packed.executablePath()
}
