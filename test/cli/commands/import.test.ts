import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { fileOf, loanLines } from '../../support/loans.ts'
import { type Ended, type Program, startProgram, startProgramWith } from '../../support/processes/program.ts'
import { openStore, testDirectory } from '../../support/stores.ts'

/** A directory with `bytes` as its file `input`, and the ledger in `data`. */
const withInput = (bytes: string | Buffer) => {
  const directory = testDirectory()
  const input = join(directory, 'input')
  writeFileSync(input, bytes)
  return { directory, input, data: join(directory, 'data') }
}

const summaryOf = ({ stdout }: Ended): unknown => JSON.parse(stdout)

const events = async (data: string): Promise<number> => {
  const store = await openStore(data, 'read')
  const all = await store.backlog('0'.repeat(20))()
  return all._tag === 'Right' ? all.right.events : -1
}

test('a gzip file is taken in whole, and the second time all of it is repeated and the log stays as it is', async () => {
  const { input, data } = withInput(gzipSync(fileOf(loanLines(500))))
  const first = await startProgram('import', input, '--data', data, '--json').ended
  expect(first).toMatchObject({ status: 0, stderr: '' })
  expect(summaryOf(first)).toEqual({
    lines: 2000,
    accepted: 2000,
    repeated: 0,
    rejected: 0,
    seconds: expect.any(Number),
  })
  const second = await startProgram('import', input, '--data', data, '--json').ended
  expect(second.status).toBe(0)
  expect(summaryOf(second)).toMatchObject({ lines: 2000, accepted: 0, repeated: 2000, rejected: 0 })
  expect(await events(data)).toBe(2000)
  const [verified, status] = await Promise.all([
    startProgram('verify', '--data', data, '--json').ended,
    startProgram('projections', 'status', '--data', data, '--json').ended,
  ])
  expect(verified.status).toBe(0)
  expect(JSON.parse(verified.stdout)).toMatchObject({ events: 2000, runs: 500, findings: [] })
  const { data: projections } = JSON.parse(status.stdout) as { data: readonly unknown[] }
  for (const each of projections) expect(each).toMatchObject({ caught_up: true, lag_events: 0 })
})

test('standard input is taken, and the summary says in words what became of it', async () => {
  const data = testDirectory()
  const args = ['import', '-', '--data', data]
  const { status, stdout } = await startProgramWith({ args, input: fileOf(loanLines(2)) }).ended
  expect(status).toBe(0)
  expect(stdout).toMatch(/^8 lines in [\d.]+ s: 8 accepted, 0 repeated, 0 refused\n$/)
})

const REFUSED = ['{"command":', '[]', '{"command":"start","run_id":"nowhere"}', '{"command":"start","run_id":"loan-0"}']

test('refused lines go to the rejects file with their reasons, the others are taken, and the status is 1', async () => {
  const [create, ...rest] = loanLines(1)
  const { directory, input, data } = withInput(fileOf([create ?? '', ...REFUSED.slice(0, 3), '', ...rest]))
  const rejects = join(directory, 'rejects')
  const ended = await startProgram('import', input, '--data', data, '--rejects', rejects, '--json').ended
  expect(ended).toMatchObject({ status: 1, stderr: '' })
  expect(summaryOf(ended)).toMatchObject({ lines: 7, accepted: 4, repeated: 0, rejected: 3 })
  const lines = readFileSync(rejects, 'utf8').trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { line: 2, problem: { type: '/problems/malformed-json', status: 400 }, command: '{"command":' },
    { line: 3, problem: { type: '/problems/invalid', status: 422 }, command: [] },
    { line: 4, problem: { type: '/problems/run-not-found', status: 404 }, command: { run_id: 'nowhere' } },
  ])
})

test('without a rejects file the first few refused lines are told, and only bad lines leave the log as it was', async () => {
  const { input, data } = withInput(fileOf(loanLines(1)))
  await startProgram('import', input, '--data', data).ended
  writeFileSync(input, fileOf([...REFUSED, ...REFUSED]))
  const { status, stdout, stderr } = await startProgram('import', input, '--data', data, '--json').ended
  expect(status).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ lines: 8, accepted: 0, rejected: 8 })
  expect(stderr.trimEnd().split('\n')).toHaveLength(6)
  expect(stderr).toMatch(/^line 1 was refused: The body is not JSON/)
  expect(stderr).toContain('add --rejects FILE')
  expect(await events(data)).toBe(4)
})

test('a gzip file that was cut is taken as far as it goes, and the status is 1', async () => {
  const packed = gzipSync(fileOf(loanLines(500)))
  const { input, data } = withInput(packed.subarray(0, packed.length - 20))
  const { status, stderr } = await startProgram('import', input, '--data', data, '--json').ended
  expect(status).toBe(1)
  expect(stderr).toMatch(/the input is cut short after line \d+: the gzip data is cut short/)
  expect(await events(data)).toBeGreaterThan(0)
})

test('the rejects file must not be the input, and must be one that can be written', async () => {
  const { directory, input, data } = withInput(fileOf(loanLines(1)))
  const onto = (rejects: string) => startProgram('import', input, '--data', data, '--rejects', rejects).ended
  const [same, nowhere] = await Promise.all([onto(input), onto(join(directory, 'no', 'such'))])
  expect([same.status, nowhere.status]).toEqual([2, 2])
  expect(nowhere.stderr).toContain('cannot be written (ENOENT)')
  expect(readFileSync(input, 'utf8')).toBe(fileOf(loanLines(1)))
})

/** The import's first word that something was stored. */
const untilStored = async (data: string): Promise<void> => {
  mkdirSync(data, { recursive: true })
  for (let stored = 0; stored <= 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    stored = await openStore(data, 'read').then(
      () => events(data),
      () => 0,
    )
  }
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends an import that waits for more, says how to go on, and loses nothing', async (signal, expected) => {
  const data = testDirectory()
  const program = startWaitingImport(data)
  await untilStored(data)
  program.kill(signal)
  const { status, stdout, stderr } = await program.ended
  expect(status).toBe(expected)
  expect(JSON.parse(stdout)).toMatchObject({ lines: 8, accepted: 8 })
  expect(stderr).toContain('stopped after line 8')
  expect(stderr).toContain('run the same command again')
  const again = await startProgramWith({
    args: ['import', '-', '--data', data, '--json'],
    input: fileOf(loanLines(2)),
  }).ended
  expect(summaryOf(again)).toMatchObject({ lines: 8, repeated: 8 })
})

/** An import of 8 lines whose input then stays open. */
const startWaitingImport = (data: string): Program =>
  startProgramWith({ args: ['import', '-', '--data', data, '--json'], input: fileOf(loanLines(2)), keepOpen: true })

test('a read model that cannot be written is told of, and a signal ends the wait for it', async () => {
  const { input, data } = withInput(fileOf(loanLines(1)))
  await startProgram('import', input, '--data', data).ended
  const readModel = new DatabaseSync(join(data, 'read-model.db'))
  readModel.exec(`CREATE TRIGGER refuse BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'not this one'); END`)
  readModel.close()
  writeFileSync(input, fileOf(loanLines(2)))
  const program = startProgram('import', input, '--data', data, '--json')
  await expect.poll(() => program.printed().stderr, { timeout: 20_000 }).toContain('not this one')
  program.kill('SIGTERM')
  const { status, stdout, stderr } = await program.ended
  expect(status).toBe(143)
  expect(JSON.parse(stdout)).toMatchObject({ lines: 8, accepted: 4, repeated: 4 })
  expect(stderr).toContain('everything is stored, but the read model lags: stopped')
})

test('a second writer ends with 3 and names the owner and, where it serves, its address', async () => {
  const data = testDirectory()
  const server = startProgram('serve', '--port', '0', '--data', data)
  const url = await server.address
  const inUse = await startProgramWith({ args: ['import', '-', '--data', data], input: '' }).ended
  expect(inUse).toMatchObject({ status: 3, stdout: '' })
  expect(inUse.stderr).toContain(`is in use by process ${server.pid}`)
  expect(inUse.stderr).toContain(`--url ${url}`)
})

test('lines can be sent to a running server, which answers as the ledger itself does', async () => {
  const { directory, input, data } = withInput(fileOf([...loanLines(600), ...REFUSED]))
  const server = startProgram('serve', '--port', '0', '--data', data)
  const url = await server.address
  const rejects = join(directory, 'rejects')
  const send = () => startProgram('import', input, '--url', url, '--rejects', rejects, '--json').ended
  const first = await send()
  expect(first).toMatchObject({ status: 1, stderr: '' })
  expect(summaryOf(first)).toMatchObject({ lines: 2404, accepted: 2400, repeated: 0, rejected: 4 })
  const counted = await fetch(`${url}/runs?count=true&limit=1&result=APPROVED`)
  expect(await counted.json()).toMatchObject({ count: 600 })
  expect(summaryOf(await send())).toMatchObject({ lines: 2404, accepted: 0, repeated: 2400, rejected: 4 })
  const lines = readFileSync(rejects, 'utf8').trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { line: 2401, problem: { type: '/problems/malformed-json' } },
    { line: 2402, problem: { type: '/problems/invalid' }, command: [] },
    { line: 2403, problem: { type: '/problems/run-not-found' } },
    { line: 2404, problem: { type: '/problems/run-completed', current_status: 'SUCCESS', revision: 3 } },
  ])
  server.kill('SIGTERM')
  expect((await server.ended).status).toBe(0)
  // The command ids are those that an import of the file itself gives.
  const local = await startProgram('import', input, '--data', data, '--json').ended
  expect(summaryOf(local)).toMatchObject({ accepted: 0, repeated: 2400, rejected: 4 })
})
