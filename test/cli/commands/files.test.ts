/** Whatever a subcommand writes: never over the ledger's own files or its input, and for its owner alone. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { changeRun, createRun, startRun } from '../../support/commands.ts'
import { openLedgerAt } from '../../support/ledger-on-disk.ts'
import { fileOf, loanLines } from '../../support/loans.ts'
import { startProgram, startProgramWith } from '../../support/processes/program.ts'
import { eventsOf, openStore, testDirectory } from '../../support/stores.ts'

const run = (...args: readonly string[]) => startProgram(...args).ended

const withLedger = async () => {
  const directory = testDirectory()
  const data = join(directory, 'data')
  const { take, close } = await openLedgerAt(data)
  await take([createRun('a'), startRun('a', { actor: 'bob' }), changeRun('a', 'SCORED')])
  await close()
  return { directory, data, file: (name: string) => join(directory, name) }
}

const bytesIn = (directory: string) =>
  Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'base64')]))

describe('an output over a file of the ledger is refused with 2, and nothing is changed', () => {
  test.each([
    ['ledger', 'events.db'],
    ['ndjson', 'read-model.db-wal'],
    ['xes', 'events.db.lock'],
  ])('export --format %s --out %s', async (format, name) => {
    const { data } = await withLedger()
    const before = bytesIn(data)
    expect(await run('export', '--format', format, '--out', join(data, name), '--data', data)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('a file of the ledger itself'),
    })
    expect(bytesIn(data)).toEqual(before)
  })

  test('under another name: a link, a hard link, a link to what is not there yet, a manifest', async () => {
    const { data, file } = await withLedger()
    symlinkSync(data, file('alias'))
    symlinkSync(join('data', 'events.db'), file('link'))
    symlinkSync(join('data', 'read-model.db-wal'), file('dangling'))
    linkSync(join(data, 'read-model.db'), file('hard'))
    const before = bytesIn(data)
    for (const out of [join(file('alias'), 'events.db'), file('link'), file('dangling'), file('hard')])
      expect(await run('export', '--format', 'csv', '--out', out, '--data', data)).toMatchObject({ status: 2 })
    expect(bytesIn(data)).toEqual(before)

    const log = file('log.manifest.json')
    renameSync(join(data, 'events.db'), log)
    const stores = ['--event-store', `embedded:${log}`, '--read-model', `sqlite:${join(data, 'read-model.db')}`]
    const logBefore = readFileSync(log)
    const refused = await run('export', '--format', 'ledger', '--out', file('log'), ...stores)
    expect(refused).toMatchObject({ status: 2 })
    expect(readFileSync(log).equals(logBefore)).toBe(true)
    expect(existsSync(file('log'))).toBe(false)
  })

  test('import --rejects, also over a ledger that is yet to be made', async () => {
    const { data, file } = await withLedger()
    const before = bytesIn(data)
    mkdirSync(file('new'))
    for (const [directory, name] of [
      [data, 'events.db'],
      [file('new'), 'events.db-wal'],
    ] as const) {
      const args = ['import', '-', '--rejects', join(directory, name), '--data', directory]
      expect(await startProgramWith({ args, input: 'bad\n' }).ended).toMatchObject({ status: 2, stdout: '' })
    }
    expect(bytesIn(data)).toEqual(before)
    expect(readdirSync(file('new'))).toEqual([])
  })
})

test('refused lines never go over the input, whatever its name, and the ledger is no input', async () => {
  const { data, file } = await withLedger()
  writeFileSync(file('in'), 'bad\n')
  linkSync(file('in'), file('other name'))
  const over = await run('import', file('in'), '--rejects', file('other name'), '--data', data)
  expect(over).toMatchObject({ status: 2, stderr: expect.stringContaining('the file that is read') })
  const toServer = ['import', file('in'), '--rejects', file('other name'), '--url', 'http://127.0.0.1:1']
  expect(await run(...toServer)).toMatchObject({ status: 2 })
  expect(readFileSync(file('in'), 'utf8')).toBe('bad\n')
  for (const args of [['import'], ['import', '--ledger']])
    expect(await run(...args, join(data, 'events.db'), '--data', data)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('a file of the ledger itself'),
    })
})

test('whatever the umask says, directories are made with 0700 and files with 0600', async () => {
  const { file } = await withLedger()
  const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
  const started = (command: string) =>
    spawnSync('sh', ['-c', `umask 0; exec "${process.execPath}" "${main}" ${command}`], {
      input: `${fileOf(loanLines(3))}bad\n`,
    }).status
  expect(started(`import - --data '${file('made/data')}' --rejects '${file('rejects')}'`)).toBe(1)
  expect(started(`export --format ledger --out '${file('out')}' --data '${file('made/data')}'`)).toBe(0)
  const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8)
  for (const directory of ['made', 'made/data'])
    expect([directory, modeOf(file(directory))]).toEqual([directory, '700'])
  const stores = readdirSync(file('made/data')).map((name) => `made/data/${name}`)
  expect(stores).toEqual(expect.arrayContaining(['made/data/events.db', 'made/data/events.db.lock']))
  for (const name of [...stores, 'rejects', 'out', 'out.manifest.json'])
    expect([name, modeOf(file(name))]).toEqual([name, '600'])
})

describe('an import whose refused lines cannot be written', () => {
  test('stops with its summary, and what was taken is stored', async () => {
    const { file } = await withLedger()
    const args = ['import', '-', '--rejects', '/dev/full', '--data', file('new'), '--json']
    const ended = await startProgramWith({ args, input: `${fileOf(loanLines(2))}bad\n` }).ended
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining('/dev/full cannot be written (ENOSPC)') })
    expect(ended.stderr).not.toMatch(/\n\s+at /)
    expect(JSON.parse(ended.stdout)).toMatchObject({ lines: 9, accepted: 8, rejected: 1 })
    expect(await eventsOf(await openStore(file('new'), 'read'), 'loan-0')).toHaveLength(4)
  })
})

describe('an export that nothing matches', () => {
  test('ends with 1, says so and leaves what stood there, unless --allow-empty says that it is meant', async () => {
    const { data, file } = await withLedger()
    writeFileSync(file('out'), 'before')
    for (const format of ['csv', 'xes']) {
      const args = ['export', '--format', format, '--actor', 'nobody', '--data', data]
      const refused = await run(...args, '--out', file('out'))
      expect(refused).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('no event matches') })
      expect(readFileSync(file('out'), 'utf8')).toBe('before')
      expect(await run(...args)).toMatchObject({ status: 1, stderr: expect.stringContaining('--allow-empty') })
      expect(await run(...args, '--allow-empty')).toMatchObject({ status: 0, stderr: '' })
      expect(await run(...args, '--allow-empty', '--out', file(format), '--json')).toMatchObject({ status: 0 })
      expect(JSON.parse(readFileSync(`${file(format)}.manifest.json`, 'utf8'))).toMatchObject({ events: 0, runs: 0 })
    }
  })
})

test('a manifest names the filters, the ledger by its first event, and the version of the program', async () => {
  const { data, file } = await withLedger()
  const [first] = await eventsOf(await openStore(data, 'read'), 'a')
  const version = execFileSync(process.execPath, [
    '-p',
    `require('${fileURLToPath(new URL('../../../package.json', import.meta.url))}').version`,
  ])
    .toString()
    .trim()
  const args = ['--actor', 'bob', '--actor', 'eve', '--recorded-after', '2020-01-01T00:00:00Z', '--data', data]
  await run('export', '--format', 'csv', '--out', file('out.csv'), ...args)
  expect(JSON.parse(readFileSync(file('out.csv.manifest.json'), 'utf8'))).toMatchObject({
    filters: { actor: ['bob', 'eve'], recorded_after: '2020-01-01T00:00:00.000Z' },
    ledger: first?.event_id,
    version,
  })
  await run('export', '--format', 'ledger', '--out', file('ledger'), '--data', data)
  await run('import', '--ledger', file('ledger'), '--data', file('moved'))
  await run('export', '--format', 'ndjson', '--out', file('moved.ndjson'), '--data', file('moved'))
  for (const name of ['ledger', 'moved.ndjson'])
    expect(JSON.parse(readFileSync(`${file(name)}.manifest.json`, 'utf8'))).toMatchObject({
      filters: {},
      ledger: first?.event_id,
    })
})
