import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { startProgram, startProgramWith } from '../support/processes/program.ts'
import { testDirectory } from '../support/stores.ts'

const run = (...args: readonly string[]) => startProgram(...args).ended

const SUBCOMMANDS =
  'serve import export diff agreement groups policies history replay audit tail verify projections completion demo'.split(
    ' ',
  )

test('help names every subcommand and the exit statuses, and shows examples', async () => {
  const { status, stdout, stderr } = await run('--help')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  for (const name of [...SUBCOMMANDS, 'Examples:', '3 the store cannot be reached']) expect(stdout).toContain(name)
})

test.each([...SUBCOMMANDS.filter((name) => name !== 'projections'), 'projections rebuild', 'projections retry'])(
  'the help of %s shows an example of it',
  async (name) => {
    const { status, stdout } = await run(...name.split(' '), '--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples:\n  run-ledger ${name}`))
  },
)

test('help of a subcommand is what its --help prints', async () => {
  const [help, flag, unknown] = await Promise.all([
    run('help', 'runs', 'list'),
    run('runs', 'list', '--help'),
    run('help', 'rnus'),
  ])
  expect(help).toEqual(flag)
  expect(help.stdout).toContain('run-ledger runs list --result DECLINED --since 7d')
  expect(unknown).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining("unknown command 'rnus'") })
})

test('the version is the package’s', async () =>
  expect(await run('--version')).toMatchObject({ status: 0, stdout: '0.1.0\n' }))

describe('a wrong call ends with 2, a plain word on standard error and nothing else', () => {
  test.each([
    ['no subcommand', [], 'Usage: run-ledger'],
    ['an unknown subcommand', ['exprot'], "unknown command 'exprot'"],
    ['an unknown option', ['serve', '--prot', '1'], "unknown option '--prot'"],
    ['a missing argument', ['import'], "missing required argument 'file'"],
    ['too many arguments', ['verify', 'x'], 'too many arguments'],
    ['another store', ['verify', '--event-store', 'postgres://localhost', '--data', '.'], 'embedded:PATH or esdb://'],
    ['half of a place', ['verify', '--event-store', 'embedded:x.db'], '--read-model together'],
    ['a port that is none', ['serve', '--port', '70000'], '--port must be a number from 0 to 65535'],
    ['a host that others reach', ['serve', '--host', '0.0.0.0'], '--unauthenticated'],
    ['a file that is not there', ['import', '/nowhere/runs.ndjson'], 'cannot be opened (ENOENT)'],
    ['a server that is none', ['import', '-', '--url', 'localhost:1'], '--url must be the address'],
    ['a prefix for a server', ['import', '-', '--url', 'http://127.0.0.1:1', '--stream-prefix', 'p-'], 'not both'],
    ['two places', ['import', '-', '--url', 'http://127.0.0.1:1', '--data', 'd'], 'not both'],
    ['nothing to retry', ['projections', 'retry'], 'name the run to retry, or give --all'],
    ['a part of a ledger', ['export', '--format', 'ledger', '--actor', 'a'], '--format ledger takes no filters'],
    ['no format', ['export'], "required option '--format <format>'"],
    ['a server for events', ['import', 'x', '--ledger', '--url', 'http://127.0.0.1:1'], '--ledger goes with neither'],
    ['a seed that is none', ['demo', '--seed', 'x'], '--seed must be a whole number'],
  ])('%s', async (_what, args, said) => {
    const { status, stdout, stderr } = await run(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(said)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

test('where there is no ledger, reading subcommands end with 3 and say how one comes to be', async () => {
  const data = join(testDirectory(), 'none')
  for (const args of [['verify'], ['projections', 'status'], ['projections', 'rebuild']]) {
    const { status, stdout, stderr } = await run(...args, '--data', data)
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' })
    expect(stderr).toContain(`there is no ledger at ${join(data, 'events.db')}`)
  }
  expect(existsSync(join(data, 'events.db'))).toBe(false)
})

test('a file that is no log is refused with 3, by name, and left as it was', async () => {
  const data = testDirectory()
  writeFileSync(join(data, 'events.db'), 'not a database, but long enough to be looked at as one'.repeat(100))
  const { status, stderr } = await run('verify', '--data', data)
  expect(status).toBe(3)
  expect(stderr).toContain(`${join(data, 'events.db')} cannot be used`)
})

test('the environment says where the ledger is, and a flag goes before it', async () => {
  const [there, elsewhere] = [testDirectory(), testDirectory()]
  const line = '{"command":"create","policy_version_id":"p"}'
  const env = { RUN_LEDGER_DATA: there }
  await startProgramWith({ args: ['import', '-'], input: line, env }).ended
  await startProgramWith({ args: ['import', '-', '--data', elsewhere], input: line, env }).ended
  expect([there, elsewhere].map((data) => existsSync(join(data, 'events.db')))).toEqual([true, true])
  const [log, readModel] = [join(there, 'e.db'), join(there, 'r.db')]
  const files = { RUN_LEDGER_EVENT_STORE: `embedded:${log}`, RUN_LEDGER_READ_MODEL: `sqlite:${readModel}` }
  await startProgramWith({ args: ['import', '-'], input: line, env: files }).ended
  expect([existsSync(log), existsSync(readModel)]).toEqual([true, true])
  const scratch = testDirectory()
  const told = await startProgramWith({ args: ['import', '-', '--data', scratch], input: line, env: files }).ended
  expect([told.status, existsSync(join(scratch, 'events.db'))]).toEqual([0, true])
})

test('a reader that goes early ends the program quietly', async () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const child = spawn('sh', ['-c', '("$0" "$1" --help; echo "status $?" >&2) | true', process.execPath, main])
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  await once(child, 'close')
  expect(stderr).toBe('status 0\n')
})
