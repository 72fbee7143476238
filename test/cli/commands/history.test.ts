import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { changeRun, completeRun, createRun, startRun } from '../../support/commands.ts'
import { openLedgerAt } from '../../support/ledger-on-disk.ts'
import { startProgram, startProgramWith } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const day = (n: number) => `2026-05-0${n}T00:00:00.000Z`

const withLedger = async () => {
  const data = testDirectory()
  const opened = await openLedgerAt(data)
  await opened.take([
    createRun('loan', { occurred_at: day(1) }),
    startRun('loan', { occurred_at: day(2), actor: 'engine' }),
    changeRun('loan', 'SCORED', { occurred_at: day(3), run_metadata: { score: 640 } }),
    completeRun('loan', { occurred_at: day(4), reason: 'score above 600' }),
  ])
  return { ...opened, run: (...args: readonly string[]) => startProgram(...args, '--data', data).ended, data }
}

const lines = (text: string): readonly unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

test('a history and a replay are told beside the ledger’s owner, in words without colours and in JSON', async () => {
  const { run, ledger } = await withLedger()
  const [words, json, replay, steps] = await Promise.all([
    run('history', 'loan'),
    run('history', 'loan', '--json'),
    run('replay', 'loan'),
    run('replay', 'loan', '--json'),
  ])
  expect(words).toMatchObject({ status: 0, stderr: '' })
  expect(words.stdout.split('\n')[4]).toMatch(
    /^ {3}3 {2}2026-05-04T00:00:00.000Z {2}RunCompleted .*alice .*status SUCCESS, result APPROVED {2}“score above 600”/,
  )
  expect(lines(json.stdout)).toMatchObject([0, 1, 2, 3].map((revision) => ({ run_id: 'loan', revision })))
  expect(replay.stdout).toContain('  ~ /status              "STARTED" → "SCORED"\n  + /run_metadata/score  640\n')
  expect(JSON.parse(replay.stdout.slice(replay.stdout.indexOf('{\n')))).toMatchObject({ status: 'SUCCESS' })
  expect(lines(steps.stdout).at(-1)).toMatchObject({
    revision: 3,
    entry: { revision: 3, changes: [{ path: '/status', from: 'SCORED', to: 'SUCCESS' }, { path: '/result' }] },
    run: { status: 'SUCCESS', run_metadata: { score: 640 } },
  })
  expect(words.stdout + replay.stdout).not.toContain('\u001b')
  await ledger.execute(createRun('another'))()
})

test.each([
  [['--as-of', '2026-05-02T12:00:00+02:00'], 'STARTED'],
  [['--known-at', '9999-01-01T00:00:00Z'], 'SUCCESS'],
  [['--revision', '2'], 'SCORED'],
])('a replay %j ends there', async (args, status) => {
  const { run } = await withLedger()
  const { stdout } = await run('replay', 'loan', '--json', ...args)
  expect(lines(stdout).at(-1)).toMatchObject({ run: { status } })
})

describe('what cannot be told ends with 1 and a plain word', () => {
  test('a run that is not there, or not yet, or not so far', async () => {
    const { run } = await withLedger()
    const [none, early, late, both] = await Promise.all([
      run('history', 'nobody'),
      run('replay', 'loan', '--as-of', day(1).replace('2026', '2025')),
      run('replay', 'loan', '--revision', '9', '--json'),
      run('replay', 'loan', '--revision', '1', '--as-of', day(2)),
    ])
    expect(none).toMatchObject({ status: 1, stdout: '', stderr: 'run-ledger: no run has the id nobody\n' })
    expect(early).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'run-ledger: loan had not been created then, or the ledger did not know of it yet\n',
    })
    expect(late).toMatchObject({ status: 1, stderr: expect.stringContaining('its last one is 3') })
    expect(both).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('cannot be combined') })
  })

  test('a run that cannot be read is replayed as far as it goes, and its history shows every event', async () => {
    const { run, store } = await withLedger()
    await store.append('loan', 3, [
      { event_id: crypto.randomUUID(), type: 'RunTeleported', data: '{}', metadata: '{}' },
    ])()
    const [history, replay] = await Promise.all([run('history', 'loan', '--json'), run('replay', 'loan', '--json')])
    expect(history).toMatchObject({ status: 0, stderr: expect.stringContaining('from revision 4 on (RunTeleported') })
    expect(lines(history.stdout)).toHaveLength(5)
    expect(lines(history.stdout)[4]).toMatchObject({ type: 'RunTeleported', changes: null })
    expect(replay).toMatchObject({ status: 1, stderr: expect.stringContaining('from revision 4 on') })
    expect(lines(replay.stdout)).toHaveLength(4)
  })

  test('what another program called its event moves no cursor, wherever it is told', async () => {
    const { run, store, projector } = await withLedger()
    const event = { event_id: crypto.randomUUID(), type: 'Tele\u001b[2J\nported', data: '{}', metadata: '{}' }
    const appended = await store.append('loan', 3, [event])()
    await projector.caughtUpTo(appended._tag === 'Right' ? appended.right.position : '')
    const commands = [['history', 'loan'], ['replay', 'loan'], ['projections', 'status'], ['verify']]
    for (const told of await Promise.all(commands.map((args) => run(...args)))) {
      expect(told.stdout + told.stderr).toContain('Tele\\u001b[2J\\u000aported')
      expect(told.stdout + told.stderr).not.toContain('\u001b')
    }
  })
})

test('colours come where they are asked for, and go where they are not wanted', async () => {
  const { data } = await withLedger()
  const args = ['replay', 'loan', '--data', data]
  const [forced, refused] = await Promise.all([
    startProgramWith({ args, env: { FORCE_COLOR: '1', NO_COLOR: '' } }).ended,
    startProgramWith({ args, env: { NO_COLOR: '1' } }).ended,
  ])
  expect(forced.stdout).toContain('\u001b[32m+ /run_id')
  expect(refused.stdout).not.toContain('\u001b')
})

test('a reader that goes early ends a long history quietly', async () => {
  const { take, data } = await withLedger()
  await take([createRun('long'), startRun('long')])
  await take(Array.from({ length: 2_000 }, (_, n) => changeRun('long', `S${n}`)))
  const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
  const script = '("$0" "$1" history long --json --data "$2"; echo "status $?" >&2) | head -1 >/dev/null'
  const child = spawn('sh', ['-c', script, process.execPath, main, data])
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  await once(child, 'close')
  expect(stderr).toBe('status 0\n')
})
