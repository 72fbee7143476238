/** `npm run screenshots`: pictures of the pages over the demo, for README and docs, into docs/images. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createClient } from '../../src/client/client.ts'
import { ROOT } from '../../src/pages/build/bundle.ts'
import { launchBrowser } from '../support/browser/chromium.ts'

type Shot = Readonly<{ name: string; path: string; dark?: boolean; width?: number; height?: number }>

const TARGET = join(ROOT, 'docs/images')

/** Of `run`, which went through many hands, and `failed`, which did not end well. */
const shotsOf = (run: string, failed: string): readonly Shot[] => [
  { name: 'overview', path: '' },
  {
    name: 'runs',
    path: 'runs?status=MANUAL_REVIEW&status=IN_REVIEW&columns=status,policy_version_id,created_at,metadata.score,metadata.queue',
  },
  { name: 'run', path: `runs/${run}?rev=6` },
  { name: 'run-dark', path: `runs/${run}?rev=6`, dark: true },
  { name: 'run-narrow', path: `runs/${run}?rev=6`, width: 390, height: 844 },
  { name: 'compare', path: `diff?a=${failed}&b=${run}` },
  { name: 'audit', path: 'audit?type=RunCompleted' },
  { name: 'policy-version', path: 'policy-versions/personal-loan-3.2?with=personal-loan-3.1' },
  { name: 'policy-versions', path: 'policy-versions' },
  { name: 'projections', path: 'projections' },
]

const directory = mkdtempSync(join(tmpdir(), 'run-ledger-screenshots-'))
const demo = spawn(
  process.execPath,
  [join(ROOT, 'src/main.ts'), 'demo', '--data', join(directory, 'demo'), '--port', '0', '--json'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
const [line] = (await once(createInterface({ input: demo.stdout }), 'line')) as [string]
const { url } = JSON.parse(line) as { url: string }
const ledger = createClient({ url })

/** The first run that matches and has at least `events` events. */
const runWith = async (query: Parameters<typeof ledger.listRuns>[0], events: number): Promise<string> => {
  const page = await ledger.listRuns({ ...query, limit: 100 })
  if (page._tag === 'Left') throw new Error(page.left._tag)
  for (const { run_id } of page.right.data) {
    const read = await ledger.getRun(run_id)
    if (read._tag === 'Right' && read.right.revision + 1 >= events) return run_id
  }
  throw new Error('the demo has no such run')
}

const [run, failed] = [
  await runWith({ result: 'APPROVED_WITH_CONDITIONS' }, 8),
  await runWith({ status: 'FAILURE' }, 3),
]
const browser = await launchBrowser()
mkdirSync(TARGET, { recursive: true })
for (const { name, path, dark = false, width = 1200, height = 760 } of shotsOf(run, failed)) {
  const page = await browser.newPage({
    locale: 'en-GB',
    colorScheme: dark ? 'dark' : 'light',
    viewport: { width, height },
  })
  await page.goto(`${url}/ui/${path}`)
  await page.locator('h1').waitFor()
  await page.locator('.loading').waitFor({ state: 'detached' })
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor({ state: 'attached' })
  await page.screenshot({ path: join(TARGET, `${name}.png`) })
  await page.close()
}
await browser.close()
demo.kill('SIGTERM')
await once(demo, 'exit')
rmSync(directory, { recursive: true, force: true })
