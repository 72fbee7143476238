/** Calls that would match nothing, or blame the wrong thing, are explained. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRun, startRun } from '../../support/commands.ts'
import { openLedgerAt } from '../../support/ledger-on-disk.ts'
import { startProgram, startProgramWith } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const run = (...args: readonly string[]) => startProgram(...args).ended

const withLedger = async () => {
  const data = testDirectory()
  const { take, close, store } = await openLedgerAt(data)
  await take([createRun('a'), startRun('a')])
  return { data, close, store }
}

describe('the environment', () => {
  const inEnvironment = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    startProgramWith({ args, env }).ended

  test.each([
    [['serve'], { RUN_LEDGER_PORT: 'http' }, 'RUN_LEDGER_PORT must be a number'],
    [['serve'], { RUN_LEDGER_HOST: '0.0.0.0' }, 'RUN_LEDGER_HOST 0.0.0.0 can be reached'],
    [['verify'], { RUN_LEDGER_EVENT_STORE: 'x' }, 'RUN_LEDGER_EVENT_STORE and --read-model together'],
    [['verify', '--data', 'd'], { RUN_LEDGER_STREAM_PREFIX: '$' }, 'RUN_LEDGER_STREAM_PREFIX must be'],
    [['serve', '--port', 'x'], { RUN_LEDGER_PORT: '1' }, '--port must be a number'],
  ])('%j with %j is refused by its own name', async (args, env, said) => {
    const { status, stderr } = await inEnvironment(args, env)
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining(
        `run-ledger: ${said.replace('RUN_LEDGER_EVENT_STORE and', 'give RUN_LEDGER_EVENT_STORE and')}`,
      ),
    })
  })

  test('an empty variable is one that is not set', async () => {
    const { data, close } = await withLedger()
    await close()
    const env = {
      RUN_LEDGER_DATA: '',
      RUN_LEDGER_EVENT_STORE: '',
      RUN_LEDGER_READ_MODEL: '',
      RUN_LEDGER_STREAM_PREFIX: '',
    }
    expect(await inEnvironment(['verify', '--data', data], env)).toMatchObject({ status: 0 })
    expect((await inEnvironment(['verify'], env)).stderr).toContain('there is no ledger at run-ledger-data/events.db')
  })
})

test('a type of event that nobody has is refused with those that there are; one that an event has is not', async () => {
  const { data, store } = await withLedger()
  for (const args of [['audit'], ['tail'], ['export', '--format', 'csv']])
    expect(await run(...args, '--type', 'RunCreate', '--data', data)).toMatchObject({
      status: 2,
      stdout: '',
      stderr:
        'run-ledger: --type RunCreate: no event has it; there are RunCreated, RunStarted, RunStatusChanged, RunCompleted; did you mean RunCreated, RunStarted, RunCompleted?\n',
    })
  await store.append('a', 1, [{ event_id: crypto.randomUUID(), type: 'RunPaused', data: '{}', metadata: '{}' }])()
  await expect
    .poll(async () => (await run('audit', '--type', 'RunPaused', '--data', data)).status, { timeout: 120_000 })
    .toBe(0)
})

test('retrying a run that is not there is refused; one that can be read has nothing to retry', async () => {
  const { data, close } = await withLedger()
  await close()
  expect(await run('projections', 'retry', 'nope', '--data', data)).toMatchObject({
    status: 1,
    stdout: '',
    stderr: 'run-ledger: no run has the id nope\n',
  })
  expect(await run('projections', 'retry', 'a', '--data', data)).toMatchObject({ status: 0 })
})

test('a directory that cannot be looked into is named with the reason', async () => {
  const directory = testDirectory()
  symlinkSync('loop', join(directory, 'loop'))
  mkdirSync(join(directory, 'data'))
  const { status, stderr } = await run('verify', '--data', join(directory, 'loop'))
  expect(status).toBe(3)
  expect(stderr).toContain(`${join(directory, 'loop', 'events.db')} cannot be read (ELOOP)`)
})

test('--url is offered by import alone, and only where a server has the files', async () => {
  const data = testDirectory()
  const server = startProgram('serve', '--data', data, '--port', '0')
  const url = await server.address
  const [commands, events] = await Promise.all([
    startProgramWith({ args: ['import', '-', '--data', data], input: '' }).ended,
    startProgramWith({ args: ['import', '--ledger', '-', '--data', data], input: '' }).ended,
  ])
  expect(commands.stderr).toContain(`add --url ${url}`)
  expect(events.stderr).toContain(`it serves ${url}: stop it first`)
  expect(events.stderr).not.toContain('--url')
})

test('a date and a time ago are taken wherever a time is', async () => {
  const { data } = await withLedger()
  for (const args of [
    ['audit', '--since', '1h'],
    ['audit', '--recorded-after', '1970-01-02', '--json'],
    ['replay', 'a', '--known-at', '0s'],
  ])
    expect(await run(...args, '--data', data)).toMatchObject({ status: 0, stderr: '' })
  expect((await run('audit', '--since', '1h', '--occurred-after', '1h', '--data', data)).status).toBe(2)
})
