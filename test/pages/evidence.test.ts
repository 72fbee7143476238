/** The proof of an event on its run's page, and the page that checks a pack: in the browser alone, and from a file, too. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TARGET } from '../../src/pages/build/bundle.ts'
import { launchBrowser } from '../support/browser/chromium.ts'
import { accessibilityFaults, openTab, visit } from '../support/browser/watched.ts'
import { serverForTest, type TestServer } from '../support/network/http-server.ts'
import { testDirectory } from '../support/stores.ts'
import { signingIn, type TestSigning } from '../support/trust/signing.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

type Signed = Readonly<{ server: TestServer; trusted: TestSigning; pack: Buffer }>

const signedLedger = async (): Promise<Signed> => {
  const directory = testDirectory()
  const trusted = await signingIn(directory)
  const server = await serverForTest({ directory, signing: trusted.signing })
  await server.create({ run_id: 'loan-1', input_data: { name: 'Zoë' } })
  await server.post('/runs/loan-1/start')
  await expect.poll(() => server.builder?.state().signed, { timeout: 60_000 }).toBe(2)
  return { server, trusted, pack: (await server.get('/runs/loan-1/evidence')).rawPayload }
}

const drop = async (page: Page, bytes: Buffer): Promise<void> => {
  await page.evaluate(
    ([base64]) => {
      const file = new File([Uint8Array.from(atob(base64 ?? ''), (at) => at.charCodeAt(0))], 'loan-1.zip')
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(file)
      document.querySelector('#drop')?.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }))
    },
    [bytes.toString('base64')],
  )
}

/** The pack with one character of its events changed. */
const changed = (pack: Buffer): Buffer => {
  const files = unzipSync(pack)
  const events = Buffer.from(files['events.ndjson'] ?? [])
    .toString()
    .replace('Zoë', 'Zoe')
  return Buffer.from(zipSync({ ...files, 'events.ndjson': Buffer.from(events) }))
}

const state = (page: Page, name: string) => page.locator(`#result[data-state="${name}"]`).waitFor()

test("a run's page says in which checkpoint the event is, with its proof and the pack to download", async () => {
  const { server } = await signedLedger()
  const { page, troubles, context } = await openTab(browser)
  await visit(page, `${server.url}/ui/runs/loan-1`)
  const proof = page.getByRole('region', { name: 'Proof' })
  await proof.getByText('Revision 1 is in checkpoint 2, signed').waitFor()
  const href = await proof.getByRole('link', { name: 'Download its proof' }).getAttribute('href')
  expect((await server.get(href ?? '')).body).toContain('c2sp.org/tlog-proof@v1')
  expect(await proof.getByRole('link', { name: 'Evidence pack' }).getAttribute('href')).toBe('/runs/loan-1/evidence')
  expect(await accessibilityFaults(page)).toEqual([])
  expect(troubles).toEqual([])
  await context.close()
})

test('a pack that is dropped on the page is checked there; a changed one is refused, and a key makes it a proof', async () => {
  const { server, trusted, pack } = await signedLedger()
  const { page, troubles, context } = await openTab(browser)
  await page.goto(`${server.url}/ui/verify.html`)
  const requests: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  await drop(page, pack)
  await state(page, 'unsigned')
  await page.getByText('nobody is shown to have signed it').waitFor()
  await page.locator('#key').fill(trusted.vkey)
  await state(page, 'signed')
  await page.getByText('compare it with what its owner says').waitFor()
  await page.getByText('"run_id": "loan-1"').waitFor()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await accessibilityFaults(page)).toEqual([])
  }
  await drop(page, changed(pack))
  await state(page, 'refused')
  await page.getByText('it does not prove this event').waitFor()
  await page.locator('#key').fill('nonsense')
  await page.getByText('The key cannot be used').waitFor()
  expect(requests).toEqual([])
  expect(troubles).toEqual([])
  await context.close()
})

test('it works from a file, without any server, and its policy lets it connect to nothing', async () => {
  const { trusted, pack } = await signedLedger()
  const directory = testDirectory()
  const [path, packPath] = [join(directory, 'verify.html'), join(directory, 'pack.zip')]
  // As it lies in the pack itself.
  writeFileSync(path, unzipSync(pack)['verify.html'] ?? new Uint8Array())
  writeFileSync(packPath, pack)
  expect(readFileSync(path, 'utf8')).toBe(readFileSync(join(TARGET, 'verify.html'), 'utf8'))
  const { page, troubles, context } = await openTab(browser)
  await page.goto(`file://${path}`)
  await page.locator('#key').fill(trusted.vkey)
  await page.locator('#file').setInputFiles(packPath)
  await state(page, 'signed')
  expect(troubles).toEqual([])
  await page.evaluate(() => fetch('https://example.com/').catch(() => undefined))
  expect(troubles.some((trouble) => trouble.includes('connect-src'))).toBe(true)
  await context.close()
})
