/** What a browser loads before it shows anything. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { bundleOptions, TARGET } from '../../src/pages/build/bundle.ts'
import { launchBrowser } from '../support/browser/chromium.ts'
import { openTab, visit } from '../support/browser/watched.ts'
import { serverForTest } from '../support/network/http-server.ts'

const FIRST_LOAD_BYTES = 60_000

test('the first load of any page takes at most 60 kB, charts aside', async () => {
  const server = await serverForTest()
  await server.create({ run_id: 'r-1', run_group_id: 'g-1', policy_version_id: 'p-1' })
  const browser = await launchBrowser()
  for (const path of [
    '',
    'runs',
    'runs/r-1',
    'diff?a=r-1&b=r-1',
    'audit',
    'run-groups',
    'run-groups/g-1',
    'policy-versions',
    'projections',
  ]) {
    const { page, context } = await openTab(browser)
    await visit(page, `${server.url}/ui/${path}`)
    const files = await page.evaluate(() =>
      performance.getEntriesByType('resource').flatMap(({ name }) => /\/ui\/assets\/(.+)$/.exec(name)?.[1] ?? []),
    )
    expect(files.length).toBeGreaterThan(2)
    const bytes = files.reduce((sum, file) => sum + readFileSync(join(TARGET, 'assets', `${file}.gz`)).length, 0)
    expect(bytes, path).toBeLessThan(FIRST_LOAD_BYTES)
    await context.close()
  }
  await browser.close()
})

test('no page loads a schema library, Node or a part of the server', async () => {
  const { metafile } = await build({ ...bundleOptions({ watching: false }), write: false })
  const inputs = Object.keys(metafile.inputs)
  expect(inputs).toContain('projections/current-run.ts')
  expect(
    inputs.filter((input) => /node_modules\/zod|^node:|^src\/(api|http|ledger|read-model|event-store)/.test(input)),
  ).toEqual([])
})

test('every page is small enough to be read in one go', () => {
  const long = readdirSync('src/pages', { recursive: true })
    .map(String)
    .filter((file) => /\.(tsx?|css)$/.test(file))
    .filter((file) => readFileSync(join('src/pages', file), 'utf8').split('\n').length > 301)
  expect(long).toEqual([])
})
