/** The program over a read model in PostgreSQL: what it prints and serves is what it does over a file. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileOf, loanLines } from '../../support/loans.ts'
import { testDatabase } from '../../support/postgres/postgres.ts'
import { startPostgres } from '../../support/postgres/postgres-server.ts'
import { startProgram } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const RUNS = 12

const run = async (...args: readonly string[]) => {
  const ended = await startProgram(...args).ended
  return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr }
}

/** A data directory with the events of some runs and their read model in a file. */
const filledDirectory = async (): Promise<string> => {
  const data = join(testDirectory(), 'data')
  mkdirSync(data, { recursive: true })
  const lines = join(data, '..', 'lines.ndjson')
  writeFileSync(lines, fileOf(loanLines(RUNS)))
  expect(await run('import', lines, '--data', data)).toMatchObject({ status: 0 })
  return data
}

/** What is asked on the command line, and what comes back. */
const PRINTED = [
  ['runs', 'list', '--json'],
  ['runs', 'get', 'loan-3', '--json'],
  ['runs', 'get', 'loan-3', '--json', '--as-of', '2026-01-05T10:01:30.000Z'],
  ['runs', 'provenance', 'loan-3', '--json'],
  ['runs', 'stats', 'policy-7', '--json'],
  ['diff', 'loan-3', 'loan-4', '--json'],
  ['groups', '--json'],
  ['groups', 'day-1', '--json'],
  ['policies', '--json'],
  ['history', 'loan-3', '--json'],
  ['replay', 'loan-3', '--json'],
  ['audit', '--actor', 'engine', '--json'],
  ['export', '--format', 'csv'],
  ['export', '--format', 'ndjson', '--run-id', 'loan-3', '--run-id', 'loan-7'],
  ['export', '--format', 'cloudevents', '--type', 'RunCompleted'],
  ['export', '--format', 'xes'],
  ['verify', '--json'],
] as const

test('every command that reads prints what it prints over a file', async () => {
  const data = await filledDirectory()
  const url = await testDatabase()
  const there = ['--data', data, '--read-model', url]
  expect(await run('projections', 'rebuild', ...there)).toMatchObject({ status: 0 })
  for (const command of PRINTED) {
    const printed = await run(...command, '--data', data)
    expect(printed, command.join(' ')).toMatchObject({ status: 0, stderr: '' })
    expect(printed.stdout.length, command.join(' ')).toBeGreaterThan(40)
    expect(await run(...command, ...there), command.join(' ')).toEqual(printed)
  }
})

const SERVED = [
  'runs?count=true&limit=5&status=SUCCESS',
  'runs?as_of=2026-01-05T10:01:30.000Z&sort=last_updated_at',
  'runs/loan-3',
  'runs/loan-3/events',
  'runs/loan-3/replay',
  'run-groups',
  'run-groups/day-1',
  'policy-versions',
  'policy-versions/policy-7/stats?bucket=hour',
  'audit?format=json&limit=7',
  'audit?format=csv',
  'audit?format=ndjson&type=RunStarted',
  'audit?format=cloudevents&actor=engine',
] as const

type Served = Readonly<Record<string, Readonly<{ status: number; etag: string | null; text: string }>>>

/** All that is `SERVED`, and the ids of the events that the stream sends. */
const servedBy = async (
  ...args: readonly string[]
): Promise<Readonly<{ served: Served; streamed: readonly string[] }>> => {
  const program = startProgram('serve', '--port', '0', ...args)
  const address = await program.address
  await expect.poll(async () => (await fetch(`${address}/readyz`)).status, { timeout: 60_000 }).toBe(200)
  const last = await fetch(`${address}/runs/loan-0/events`)
  const position = last.headers.get('run-ledger-position') as string
  const served: Record<string, Served[string]> = {}
  for (const path of SERVED) {
    const answer = await fetch(`${address}/${path}`, { headers: { 'run-ledger-position': position } })
    served[path] = { status: answer.status, etag: answer.headers.get('etag'), text: await answer.text() }
  }
  const streamed = await eventsOf(`${address}/stream?from=start`, RUNS * 4)
  program.kill('SIGTERM')
  expect(await program.ended).toMatchObject({ status: 0 })
  return { served, streamed }
}

/** The first `count` ids of events that come with data. */
const eventsOf = async (url: string, count: number): Promise<readonly string[]> => {
  const answer = await fetch(url)
  let text = ''
  for await (const bytes of answer.body ?? []) {
    text += Buffer.from(bytes).toString()
    const blocks = text.split('\n\n').filter((block) => block.includes('data:'))
    if (blocks.length < count) continue
    return blocks.slice(0, count).map((block) => /^id: ?(.*)$/m.exec(block)?.[1] ?? '')
  }
  throw new Error('the stream has ended')
}

test('every route serves what it serves over a file', async () => {
  const data = await filledDirectory()
  const url = await testDatabase()
  const { served, streamed } = await servedBy('--data', data)
  expect(Object.values(served).every(({ status }) => status === 200)).toBe(true)
  expect(new Set(streamed).size).toBe(RUNS * 4)
  expect(await servedBy('--data', data, '--read-model', url)).toEqual({ served, streamed })
})

test('while the database is down commands go on and reads are 503, until it is back', async () => {
  const data = await filledDirectory()
  const server = await startPostgres()
  onTestFinished(server.remove)
  const program = startProgram('serve', '--port', '0', '--data', data, '--read-model', server.url)
  const address = await program.address
  const get = async (path: string) => {
    const { status, headers } = await fetch(`${address}/${path}`)
    return { status, isRetryable: headers.has('retry-after') }
  }
  await expect.poll(() => get('runs/loan-3'), { timeout: 60_000 }).toMatchObject({ status: 200 })
  await server.stop('SIGQUIT')
  for (const path of ['runs/loan-3', 'runs', 'audit', 'run-groups'])
    expect(await get(path)).toEqual({ status: 503, isRetryable: true })
  const created = await fetch(`${address}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ run_id: 'meanwhile', policy_version_id: 'policy-7' }),
  })
  expect(created.status).toBe(201)
  await server.start()
  await expect.poll(() => get('runs/meanwhile'), { timeout: 120_000 }).toMatchObject({ status: 200 })
  program.kill('SIGTERM')
  expect(await program.ended).toMatchObject({ status: 0 })
})
