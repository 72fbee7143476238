import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { changeRun, completeRun, createRun, startRun } from '../../support/commands.ts'
import { openLedgerAt } from '../../support/ledger-on-disk.ts'
import { fileOf, loanLines } from '../../support/loans.ts'
import { startProgram, startProgramWith } from '../../support/processes/program.ts'
import { eventsOf, openStore, testDirectory } from '../../support/stores.ts'
import { readXes } from '../../support/xes.ts'

const run = (...args: readonly string[]) => startProgram(...args).ended

/** A directory with a ledger of three runs, ten events, in `data`. */
const withLedger = async () => {
  const directory = testDirectory()
  const data = join(directory, 'data')
  const { take, close } = await openLedgerAt(data)
  await take([createRun('a', { run_metadata: { channel: 'web' } }), startRun('a', { actor: 'bob' }), createRun('b')])
  await take([changeRun('a', 'SCORED', { run_metadata: { score: 640 }, reason: 'first try' }), startRun('b')])
  await take([completeRun('a'), createRun('c'), startRun('c'), changeRun('c', 'SCORED'), completeRun('c')])
  await close()
  return { directory, data, file: (name: string) => join(directory, name) }
}

describe('a ledger that is moved', () => {
  test('goes through a packed file with a manifest, and is verified where it arrives', async () => {
    const { directory, data, file } = await withLedger()
    const out = file('ledger.ndjson.gz')
    const exported = await run('export', '--format', 'ledger', '--out', out, '--data', data, '--json')
    expect(exported).toMatchObject({ status: 0, stderr: '' })
    const bytes = readFileSync(out)
    const manifest = {
      file: 'ledger.ndjson.gz',
      format: 'ledger',
      runs: 3,
      events: 10,
      first_position: '00000000000000000001',
      last_position: '00000000000000000010',
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
      made_at: expect.any(String),
      ledger: expect.any(String),
      filters: {},
      version: expect.any(String),
    }
    expect(JSON.parse(exported.stdout)).toEqual(manifest)
    expect(JSON.parse(readFileSync(`${out}.manifest.json`, 'utf8'))).toEqual(manifest)
    expect(readdirSync(directory).toSorted()).toEqual(['data', 'ledger.ndjson.gz', 'ledger.ndjson.gz.manifest.json'])
    expect(gunzipSync(bytes).toString().trimEnd().split('\n')).toHaveLength(10)

    const moved = file('moved')
    expect(await run('import', '--ledger', out, '--data', moved, '--json')).toMatchObject({ status: 0, stderr: '' })
    expect(await run('verify', '--data', moved)).toMatchObject({ status: 0 })
    const again = await run('import', '--ledger', out, '--data', moved)
    expect(again.stdout).toMatch(/^10 events in [\d.]+ s: 0 stored, 10 repeated\n$/)
  })

  test('goes through a pipe', async () => {
    const { data, file } = await withLedger()
    const { status, stdout } = await run('export', '--format', 'ledger', '--data', data)
    expect(status).toBe(0)
    const args = ['import', '--ledger', '-', '--data', file('moved'), '--json']
    const imported = await startProgramWith({ args, input: stdout }).ended
    expect(JSON.parse(imported.stdout)).toMatchObject({ events: 10, stored: 10, repeated: 0, displaced: 0 })
    const [before, after] = [await openStore(data, 'read'), await openStore(file('moved'), 'read')]
    const texts = async (store: typeof before) =>
      (await eventsOf(store, 'a')).map(({ event_id, data: text }) => [event_id, text])
    expect(await texts(after)).toEqual(await texts(before))
  })

  test('ends by the first signal although nobody reads what it writes', async () => {
    const { file } = await withLedger()
    const source = file('big')
    await startProgramWith({ args: ['import', '-', '--data', source], input: fileOf(loanLines(2_000)) }).ended
    const { kill, ended, printed } = startProgramWith({
      args: ['export', '--format', 'ledger', '--data', source],
      unread: true,
    })
    await expect.poll(() => printed().stdout.length, { timeout: 20_000 }).toBeGreaterThan(0)
    kill('SIGINT')
    expect(await ended).toMatchObject({ status: 130, stderr: expect.stringContaining('stopped before the end') })
  })

  test('is not begun from a file that is damaged, and the store is not even made', async () => {
    const { data, file } = await withLedger()
    const out = file('ledger.ndjson')
    await run('export', '--format', 'ledger', '--out', out, '--data', data)
    const whole = readFileSync(out, 'utf8')
    const refused = async (text: string) => {
      writeFileSync(out, text)
      const { status, stdout, stderr } = await run('import', '--ledger', out, '--data', file('moved'))
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(existsSync(file('moved'))).toBe(false)
      return stderr
    }
    expect(await refused(whole.replace('first try', 'second try'))).toContain('SHA-256')
    writeFileSync(`${out}.manifest.json`, '{}')
    expect(await refused(whole)).toContain('is no manifest')
  })

  test('goes on after a kill, when the same command runs again', async () => {
    const { file } = await withLedger()
    const [source, out, moved] = [file('big'), file('big.ndjson'), file('moved')]
    await startProgramWith({ args: ['import', '-', '--data', source], input: fileOf(loanLines(700)) }).ended
    await run('export', '--format', 'ledger', '--out', out, '--data', source)
    const text = readFileSync(out, 'utf8')
    const args = ['import', '--ledger', '-', '--data', moved]
    const killed = startProgramWith({ args, input: text.slice(0, text.length * 0.9), keepOpen: true })
    await expect
      .poll(async () => existsSync(join(moved, 'events.db')) && (await countIn(moved)) > 0, { timeout: 20_000 })
      .toBe(true)
    killed.kill('SIGKILL')
    await killed.ended
    const again = await run('import', '--ledger', out, '--data', moved, '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ events: 2_800, displaced: 0, stored: expect.any(Number) })
    expect(JSON.parse(again.stdout).repeated).toBeGreaterThan(0)
    expect(await countIn(moved)).toBe(2_800)
  })

  test('into a ledger that has runs of its own is refused', async () => {
    const { data, file } = await withLedger()
    const out = file('ledger.ndjson')
    await run('export', '--format', 'ledger', '--out', out, '--data', data)
    await startProgramWith({ args: ['import', '-', '--data', file('other')], input: fileOf(loanLines(1)) }).ended
    const { status, stderr } = await run('import', '--ledger', out, '--data', file('other'))
    expect(status).toBe(1)
    expect(stderr).toContain('this ledger is not empty')
    expect(await countIn(file('other'))).toBe(4)
  })
})

const countIn = async (data: string): Promise<number> => {
  const store = await openStore(data, 'read')
  const all = await store.backlog('0'.repeat(20))()
  await store.close()
  return all._tag === 'Right' ? all.right.events : 0
}

test('a file that cannot be written leaves what stood there, and says why', async () => {
  const { data, directory } = await withLedger()
  const { status, stderr } = await run(
    'export',
    '--format',
    'ledger',
    '--out',
    join(directory, 'no', 'x'),
    '--data',
    data,
  )
  expect(status).toBe(2)
  expect(stderr).toContain('cannot be written (ENOENT)')
})

test('the audit trail goes to files, with a manifest of what is in them, and to pipes', async () => {
  const { data, file } = await withLedger()
  const csv = file('bob.csv.gz')
  const [written, xes, piped, loose] = await Promise.all([
    run('export', '--format', 'csv', '--out', csv, '--actor', 'bob', '--data', data, '--json'),
    run('export', '--format', 'xes', '--out', file('runs.xes'), '--data', data),
    run('export', '--format', 'ndjson', '--data', data),
    run('export', '--format', 'ndjson', '--data', data, '--json'),
  ])
  expect(JSON.parse(written.stdout)).toMatchObject({
    format: 'csv',
    runs: 1,
    events: 1,
    first_position: expect.any(String),
  })
  const rows: Record<string, string>[] = parse(gunzipSync(readFileSync(csv)), { columns: true })
  expect(rows).toMatchObject([{ run_id: 'a', revision: '1', type: 'RunStarted', actor: 'bob' }])
  expect(xes.stdout).toContain('10 events of 3 runs')
  const { traces } = readXes(readFileSync(file('runs.xes'), 'utf8'))
  expect(traces.flatMap(({ events }) => events)).toHaveLength(10)
  expect(
    piped.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).position),
  ).toEqual(Array.from({ length: 10 }, (_, n) => `${n + 1}`.padStart(20, '0')))
  expect(loose).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('give --out FILE') })
})
