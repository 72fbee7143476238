import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { serverForAll } from './support/network/http-server.ts'
import { type InstalledPackage, installPackage } from './support/processes/installed-package.ts'

const server = serverForAll()
let project: InstalledPackage
beforeAll(async () => {
  project = await installPackage()
}, 120_000)
afterAll(() => project.remove())

test('it holds what was built, its documents and its licence, and no source', () => {
  const { files } = project
  expect(files).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'docs/http.md',
      'dist/src/client/client.d.ts',
      'src/run-ledger.js',
      'dist/pages/index.html',
    ]),
  )
  expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([])
  expect(files.filter((file) => /(^|\/)(test|bench)\//.test(file))).toEqual([])
})

test('the program runs, its threads too', async () => {
  const main = join(project.directory, 'node_modules/run-ledger/src/run-ledger.js')
  const child = spawn(process.execPath, [main, 'serve', '--port', '0', '--data', join(project.directory, 'data')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready' })
  expect(await (await fetch(`${url}/`, { headers: { accept: 'text/html' } })).text()).toContain('<div id="app">')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('an older Node is refused in one line', async () => {
  const main = join(project.directory, 'node_modules/run-ledger/src/run-ledger.js')
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.1.0' } })`
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(older)}`, main])
  const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')])
  expect({ status: child.exitCode, stderr }).toEqual({
    status: 2,
    stderr: 'run-ledger: Node 24 or later is needed, and this is 22.1.0\n',
  })
})

test('without its optional packages the client loads, and the program says what is missing in one line', async () => {
  const alone = mkdtempSync(join(tmpdir(), 'run-ledger-client-'))
  onTestFinished(() => rmSync(alone, { recursive: true, force: true }))
  const modules = join(alone, 'node_modules')
  mkdirSync(modules)
  cpSync(join(project.directory, 'node_modules/run-ledger'), join(modules, 'run-ledger'), { recursive: true })
  writeFileSync(
    join(alone, 'application.mjs'),
    "import { createClient } from 'run-ledger/client'\nconsole.log(typeof createClient)",
  )
  const ended = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, args, { cwd: alone })
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { status: child.exitCode, stdout, stderr }
  }
  expect(await ended('application.mjs')).toEqual({ status: 0, stdout: 'function\n', stderr: '' })
  expect(await ended(join(modules, 'run-ledger/src/run-ledger.js'), 'serve')).toEqual({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/^run-ledger: the packages of the program are not installed, only the client.*\n$/),
  })
})

test('it says what it is, for whom and for which Node, and is not private', () => {
  const manifest = JSON.parse(
    readFileSync(join(project.directory, 'node_modules/run-ledger/package.json'), 'utf8'),
  ) as Record<string, unknown>
  expect(manifest).toMatchObject({ name: 'run-ledger', license: 'Apache-2.0', engines: { node: '>=24' } })
  for (const field of ['description', 'keywords', 'author', 'bin', 'exports']) expect(manifest).toHaveProperty(field)
  expect(manifest).not.toHaveProperty('private')
  // The client needs nothing else.
  expect(Object.keys(manifest['dependencies'] as object)).toEqual(['zod'])
})

test('an application runs with the client', async () => {
  writeFileSync(
    join(project.directory, 'application.mjs'),
    `${APPLICATION}\nconsole.log(await decide(process.argv[2]))`,
  )
  expect(await project.node('application.mjs', server.current().url)).toBe('SUCCESS after RunCreated\n')
})

test('what docs/client.md shows runs as it is written, and prints what it says', async () => {
  const { url } = server.current()
  const typed = snippets('ts').replaceAll('http://127.0.0.1:8080', url)
  writeFileSync(join(project.directory, 'snippets.mts'), typed)
  expect(await project.node('--no-warnings', 'snippets.mts')).toBe(printedBy(typed))
  const plain = snippets('js').replaceAll('http://127.0.0.1:8080', url)
  // Node has no EventSource of its own yet.
  writeFileSync(join(project.directory, 'snippets.mjs'), `import { EventSource } from '${EVENT_SOURCE}'\n${plain}`)
  expect(await project.node('snippets.mjs')).toBe(printedBy(plain))
})

test.for([
  // The declarations themselves are checked once, where Node's are not at hand.
  { module: 'nodenext', moduleResolution: 'nodenext', types: ['node'], lib: ['es2023'], skipLibCheck: true },
  { module: 'esnext', moduleResolution: 'bundler', types: [], lib: ['es2023', 'dom', 'dom.iterable'] },
])(
  'an application type-checks with moduleResolution $moduleResolution, and its mistakes do not',
  { timeout: 120_000 },
  async (options) => {
    writeFileSync(join(project.directory, 'application.mts'), TYPED_APPLICATION)
    writeFileSync(join(project.directory, 'snippets.mts'), snippets('ts'))
    const compilerOptions = {
      ...options,
      target: 'es2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
    }
    const config = join(project.directory, `tsconfig.${options.moduleResolution}.json`)
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ['application.mts', 'snippets.mts'] }))
    await project.node(TSC, '-p', config)
  },
)

const TSC = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))

const EVENT_SOURCE = new URL('../node_modules/eventsource/dist/index.js', import.meta.url).href

/** The pieces of docs/client.md in `language`, as one program. */
const snippets = (language: string): string => {
  const page = readFileSync(new URL('../docs/client.md', import.meta.url), 'utf8')
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , code]) => code)
    .join('\n')
}

/** What the comments behind and under its `console.log`s say. */
const printedBy = (code: string): string =>
  [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$|^\/\/ (.*)$/gm)]
    .map(([, behind, under]) => `${behind ?? under}\n`)
    .join('')

const APPLICATION = `
import { createClient, each } from 'run-ledger/client'

export const decide = async (url) => {
  const ledger = createClient({ url, actor: 'application', readYourWrites: true })
  const created = await ledger.createRun({ policy_version_id: 'policy-7' })
  if (created._tag === 'Left') return created.left.detail
  const { run_id } = created.right.run
  await ledger.startRun(run_id)
  await ledger.completeRun(run_id, { status: 'SUCCESS' })
  for await (const entry of ledger.streamEntries({ from: 'start', run_id })) {
    if (entry._tag === 'Left') return entry.left._tag
    const read = await ledger.getRun(run_id)
    return read._tag === 'Left' ? read.left._tag : read.right.run.status + ' after ' + entry.right.type
  }
}
`

// Each mistake that is marked must be one: a mark on what is right is an error itself.
const TYPED_APPLICATION = `
import { type ClientProblem, createClient, each, type Entry, type Result, type Run } from 'run-ledger/client'

const ledger = createClient({ url: 'http://127.0.0.1:8080' })

export const approved = async (): Promise<readonly Run[] | string> => {
  const runs: Run[] = []
  for await (const run of each(ledger.listRuns, { result: 'APPROVED', sort: '-created_at', metadata: { desk: 'a' } })) {
    if (run._tag === 'Left') return explained(run.left)
    runs.push(run.right)
  }
  return runs
}

export const trailOf = async (run_id: string): Promise<readonly Entry[]> => {
  const entries: Entry[] = []
  for await (const entry of each((page) => ledger.listRunEvents(run_id, page), { limit: 1000 }))
    if (entry._tag === 'Right') entries.push(entry.right)
  return entries
}

const explained = (problem: ClientProblem): string => {
  switch (problem._tag) {
    case 'run-completed':
      return \`\${problem.current_status} at \${problem.revision}\`
    case 'network-failure':
      return problem.command_id ?? problem.detail
    case 'aborted':
      return 'aborted'
    // @ts-expect-error no such problem
    case 'run-complete':
      return ''
    default:
      return problem.detail
  }
}

export const mistakes = async (answer: Result<number>) => {
  // @ts-expect-error a create names its policy version
  await ledger.createRun({ run_id: 'run-1' })
  // @ts-expect-error a misspelt filter
  await ledger.listRuns({ statuses: ['PENDING'] })
  // @ts-expect-error a misspelt filter of a walk
  each(ledger.listRuns, { statuses: ['PENDING'] })
  // @ts-expect-error PENDING completes nothing
  await ledger.completeRun('run-1', { status: 'PENDING' })
  // @ts-expect-error it may be a problem
  return answer.right
}
`
