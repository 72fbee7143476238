import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { imageFile, ROOT } from './dockerfile.ts'

test('everything that the image is made of is there, and nothing else goes to its build', () => {
  const { copied } = imageFile()
  expect(copied.filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([])
  const rules = readFileSync(`${ROOT}.dockerignore`, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect(rules[0]).toBe('*')
  expect(rules.slice(1).toSorted()).toEqual(copied.map((path) => `!${path}`).toSorted())
})

test('the image does not run as root', () => {
  expect(imageFile().user).toBe('node')
})

test('what is in the image serves, is found healthy, keeps its data where it says, and ends at SIGTERM', async () => {
  const image = imageFile()
  const app = imageDirectory(image.contents)
  const data = join(app, 'data')
  expect(image.env.get('RUN_LEDGER_DATA')).toBe('/data')
  const env = { ...inherited(), ...Object.fromEntries(image.env), RUN_LEDGER_DATA: data, NODE_PRESERVE_SYMLINKS: '1' }
  const [program = '', ...first] = image.entrypoint
  expect(program).toBe('node')
  const issuing = spawn(process.execPath, [...first, 'keys', 'issue', '--name', 'root', '--role', 'admin,writer'], {
    cwd: app,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const key = String((await createInterface({ input: issuing.stdout })[Symbol.asyncIterator]().next()).value)
  await once(issuing, 'exit')
  const authorization = `Bearer ${key}`
  // The image's port may be taken here; 0 lets the system pick one.
  const args = [...first, ...image.cmd.map((word) => (word === PORT ? '0' : word))]
  const served = spawn(process.execPath, args, { cwd: app, env, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(served, 'exit')
  onTestFinished(() => void served.kill('SIGKILL'))
  const printed = createInterface({ input: served.stdout })[Symbol.asyncIterator]()
  const port = /:(\d+)$/.exec((await printed.next()).value ?? '')?.[1]
  expect(port, 'the program prints its address').toBeDefined()

  expect(await health(image.healthcheck, port ?? '')).toBe(0)
  const created = await fetch(`http://127.0.0.1:${port}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ run_id: 'in-a-container', policy_version_id: 'p-1' }),
  })
  expect(created.status).toBe(201)
  for (const path of ['/', '/ui/', '/docs', '/openapi.json', '/problems/run-not-found'])
    expect((await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } })).status, path).toBe(200)
  expect((await fetch(`http://127.0.0.1:${port}/runs`)).status).toBe(401)
  expect(existsSync(join(data, 'events.db'))).toBe(true)

  served.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  expect(await health(image.healthcheck, port ?? '')).toBe(1)
}, 120_000)

const PORT = '8080'

/** The image's own way to ask after its health, over another port; its exit status. */
const health = async (healthcheck: readonly string[], port: string): Promise<number> => {
  const [program, ...args] = healthcheck
  expect(program).toBe('node')
  const asked = args.map((word) => word.replace(`127.0.0.1:${PORT}`, `127.0.0.1:${port}`))
  expect(asked).not.toEqual(args)
  const [status] = await once(spawn(process.execPath, asked, { stdio: 'ignore' }), 'exit')
  return status
}

/** `/app` as the image has it: the project's files that are copied, and the packages that `npm ci --omit=dev` brings. */
const imageDirectory = (contents: readonly string[]): string => {
  const directory = mkdtempSync(join(tmpdir(), 'run-ledger-image-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const path of contents) cpSync(`${ROOT}${path}`, join(directory, path), { recursive: true })
  // What its stage of the pages builds is here, too.
  cpSync(`${ROOT}dist/pages`, join(directory, 'dist/pages'), { recursive: true })
  // Symbolic links, which Node is told to keep: a package finds what lies beside its link, no development dependency.
  for (const name of productionPackages()) {
    const link = join(directory, name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(`${ROOT}${name}`, link)
  }
  return directory
}

/** `node_modules/NAME` of every package that is installed at the top without development dependencies. */
const productionPackages = (): readonly string[] => {
  const lock: LockFile = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8'))
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && dev !== true)
    .map(([path]) => path)
    .filter((path) => existsSync(`${ROOT}${path}`))
}

type LockFile = Readonly<{ packages: Readonly<Record<string, Readonly<{ dev?: boolean }>>> }>

const inherited = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RUN_LEDGER_')))
