import { statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Ended, startProgram, startProgramWith } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const CREATE = (run_id: string) => `{"command":"create","run_id":"${run_id}","policy_version_id":"p"}\n`

/** Two ledgers: one behind a server that is saved as `prod`, one in the directory that the environment names. */
const withContexts = async () => {
  const [config, served, local] = [testDirectory(), testDirectory(), testDirectory()]
  await startProgramWith({ args: ['import', '-', '--data', served], input: CREATE('of-server') }).ended
  const url = await startProgram('serve', '--port', '0', '--data', served).address
  const run = (args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ended> =>
    startProgramWith({ args, input, env: { XDG_CONFIG_HOME: config, ...env } }).ended
  await startProgramWith({ args: ['import', '-', '--data', local], input: CREATE('of-files') }).ended
  return { run, url, local, file: join(config, 'run-ledger', 'contexts.json') }
}

const LIST = ['runs', 'list', '--columns', 'run_id', '-o', 'csv']
const idIn = ({ stdout }: Ended) => stdout.split('\r\n')[1]

test('a flag overrides a variable, a variable a context, and a context the default', async () => {
  const { run, url, local } = await withContexts()
  expect(await run(['context', 'add', 'prod', '--url', url])).toMatchObject({ status: 0, stderr: '' })
  expect(idIn(await run([...LIST, '--context', 'prod']))).toBe('of-server')
  expect(idIn(await run(LIST, { RUN_LEDGER_CONTEXT: 'prod' }))).toBe('of-server')
  await run(['context', 'use', 'prod'])
  expect(idIn(await run(LIST))).toBe('of-server')
  expect(idIn(await run(LIST, { RUN_LEDGER_DATA: local }))).toBe('of-files')
  expect(idIn(await run([...LIST, '--data', local], { RUN_LEDGER_URL: url }))).toBe('of-files')
  expect(idIn(await run([...LIST, '--url', url], { RUN_LEDGER_DATA: local }))).toBe('of-server')
  const overridden = await run([...LIST, '--context', 'prod'], { RUN_LEDGER_DATA: local })
  expect(idIn(overridden)).toBe('of-files')
  expect(overridden.stderr).toBe('run-ledger: --context prod is not used: another place is given\n')
})

test('an import goes where it is told, and not where `context use` points', async () => {
  const { run, url, local } = await withContexts()
  await run(['context', 'add', 'prod', '--url', url])
  await run(['context', 'use', 'prod'])
  const unnamed = await run(['import', '-', '--json'], { RUN_LEDGER_DATA: local }, CREATE('more'))
  expect(unnamed.status).toBe(0)
  expect((await run(['runs', 'list', '--count'])).stdout).toBe('1\n')
  expect((await run(['import', '-', '--context', 'prod'], {}, CREATE('more'))).status).toBe(0)
  expect((await run(['runs', 'list', '--count'])).stdout).toBe('2\n')
})

test('contexts are saved for their owner alone, with the path of a token and no token', async () => {
  const { run, file } = await withContexts()
  const token = join(testDirectory(), 'token')
  await writeFile(token, 'very-secret')
  await run(['context', 'add', 'prod', '--url', 'https://ledger.example', '--token-file', token])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const saved = await readFile(file, 'utf8')
  expect(JSON.parse(saved)).toEqual({
    current: null,
    contexts: { prod: { url: 'https://ledger.example/', token_file: token } },
  })
  expect((await run(['context', 'list'])).stdout).toBe(`  prod  https://ledger.example/  ${token}\n`)
  await run(['context', 'use', 'prod'])
  expect((await run(['context', 'list'])).stdout).toMatch(/^\* prod/)
  expect(await run(['context', 'remove', 'prd'])).toMatchObject({
    status: 2,
    stderr: 'run-ledger: there is no context prd; did you mean prod?\n',
  })
  await run(['context', 'remove', 'prod'])
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ current: null, contexts: {} })
})

test('a context that would send a token in the open, or has a wrong name or file, is refused', async () => {
  const { run, file } = await withContexts()
  const refusals: readonly (readonly [readonly string[], string])[] = [
    [['context', 'add', 'prod', '--url', 'http://ledger.example', '--token-file', 't'], 'give an https --url'],
    [['context', 'add', 'a b', '--url', 'https://ledger.example'], 'the name of a context must be'],
    [['context', 'add', 'prod', '--url', 'https://me:pw@ledger.example'], 'no user name and no password'],
    [['runs', 'list', '--context', 'prod'], 'there is no context prod'],
  ]
  for (const [args, said] of refusals) {
    const { status, stderr } = await run(args)
    expect({ status, said: stderr.includes(said) }, stderr).toEqual({ status: 2, said: true })
  }
  await run(['context', 'add', 'prod', '--url', 'https://ledger.example'])
  await writeFile(file, '{"contexts":')
  expect((await run(['context', 'list'])).stderr).toContain('it is no file of contexts: correct it, or delete it')
})
