/** Standard output and standard error that are full, closed or left by their reader: a line or two, never a stack. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fileOf, loanLines } from '../../support/loans.ts'
import { startProgram } from '../../support/processes/program.ts'
import { eventsOf, openStore, testDirectory } from '../../support/stores.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** Runs `run-ledger ARGS` by a shell, with redirections after it. */
const shell = async (command: string) => {
  const script = `run() { "${process.execPath}" "${MAIN}" "$@"; }\n${command}`
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { status: child.exitCode, stdout, stderr }
}

const FULL = 'run-ledger: standard output cannot be written (ENOSPC): what was printed is not complete\n'

/** A file of 3 runs with one bad line, and a ledger that holds the runs. */
const withLedger = async () => {
  const directory = testDirectory()
  const [input, data] = [join(directory, 'input'), join(directory, 'data')]
  writeFileSync(input, `${fileOf(loanLines(3))}bad\n`)
  expect((await startProgram('import', input, '--data', data).ended).status).toBe(1)
  return { input, data, fresh: join(directory, 'fresh') }
}

describe('a full standard output', () => {
  test.each([
    ['audit'],
    ['audit --json'],
    ['history loan-0'],
    ['replay loan-0'],
    ['verify'],
    ['projections status'],
    ['export --format ledger'],
  ])('is named by %s', async (command) => {
    const { data } = await withLedger()
    expect(await shell(`run ${command} --data ${data} > /dev/full`)).toEqual({ status: 1, stdout: '', stderr: FULL })
  })

  test('is no matter where nothing is printed', async () => {
    const { data } = await withLedger()
    const stderr = 'run-ledger: no run has the id nobody\n'
    expect(await shell(`run history nobody --data ${data} > /dev/full`)).toEqual({ status: 1, stdout: '', stderr })
  })

  test('is named by help', async () =>
    expect(await shell('run --help > /dev/full')).toEqual({ status: 1, stdout: '', stderr: FULL }))

  test('does not stop an import', async () => {
    const { input, fresh } = await withLedger()
    const { status, stderr } = await shell(`run import ${input} --data ${fresh} > /dev/full`)
    expect({ status, lines: stderr.split('\n').length }).toEqual({ status: 1, lines: 3 })
    expect(stderr).toContain(FULL)
    expect(await eventsOf(await openStore(fresh, 'read'), 'loan-2')).toHaveLength(4)
  })
})

describe('an import goes on to its summary', () => {
  test.each(['2> /dev/full', '2>&-'])('with %s', async (redirection) => {
    const { input, fresh } = await withLedger()
    expect(await shell(`run import ${input} --data ${fresh} --json ${redirection}`)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^\{"lines":13,"accepted":12,"repeated":0,"rejected":1,/),
    })
  })

  test.each(['> /dev/full 2> /dev/full', '>&- 2>&-', '>&-', '2> /dev/full | true'])(
    'with %s, though nobody sees it',
    async (redirection) => {
      const { input, fresh } = await withLedger()
      await shell(`run import ${input} --data ${fresh} ${redirection}`)
      expect(await eventsOf(await openStore(fresh, 'read'), 'loan-2')).toHaveLength(4)
    },
  )
})

test('a reader that leaves early ends a subcommand quietly, with its own status', async () => {
  const { data } = await withLedger()
  for (const [command, status] of [
    [`audit --json --data ${data}`, 0],
    [`history nobody --data ${data} 2> /dev/null`, 1],
  ])
    expect(await shell(`(run ${command}; echo "status $?" >&2) | true`)).toEqual({
      status: 0,
      stdout: '',
      stderr: `status ${status}\n`,
    })
})

describe('serve goes on', () => {
  const serving = async (redirection: string) => {
    const directory = testDirectory()
    const log = join(directory, 'log')
    const command = `exec "${process.execPath}" "${MAIN}" serve --data ${directory}/d --port 0 ${redirection.replaceAll('LOG', log)}`
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    // Its reader is gone before it writes.
    child.stdout.destroy()
    const lines = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '')
    await expect.poll(() => /"url":"(\S+?)"/.exec(lines())?.[1], { timeout: 120_000 }).toBeDefined()
    return { child, lines, url: /"url":"(\S+?)"/.exec(lines())?.[1] ?? '' }
  }
  const isReady = async (url: string) => (await fetch(`${url}/readyz`)).status

  test.each([
    ['a full standard output', '> /dev/full 2> LOG', 'ENOSPC'],
    ['a standard output that nobody reads', '2> LOG', 'EPIPE'],
    ['a closed one', '>&- 2> LOG', null],
  ] as const)('with %s, and says where', async (_what, redirection, failure) => {
    const { child, lines, url } = await serving(redirection)
    if (failure !== null) await expect.poll(lines, { timeout: 120_000 }).toContain(`"failure":"${failure}"`)
    expect(await isReady(url)).toBe(200)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('after SIGHUP, which closes its terminal', async () => {
    const { child, lines, url } = await serving('> /dev/null 2> LOG')
    child.kill('SIGHUP')
    await expect.poll(lines, { timeout: 120_000 }).toContain('SIGHUP: certificates and logs are opened again')
    expect(await isReady(url)).toBe(200)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
