/** A server and an import over an EventStoreDB that is frozen, killed and started again in the middle of the work. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { EventStore } from '../../src/event-store/event-store.ts'
import { eventually, openAt, PATIENT } from '../event-store/eventstoredb/opened.ts'
import { fileOf, loanLines } from '../support/loans.ts'
import { startProgram } from '../support/processes/program.ts'
import { differingRows } from '../support/read-model/read-models.ts'
import { rightOf } from '../support/scenario.ts'
import { openStandInProcess } from '../support/stand-ins.ts'
import { testDirectory } from '../support/stores.ts'
import { type Answered, expectInLog } from './answered.ts'

// `npm run test:kill` asks for the long form. Shorter than the 8 s that a command waits, a freeze is only a slow answer.
const LONG = process.env['KILLS'] !== undefined
const FROZEN_MS = LONG ? 12_000 : 2_000
const GONE_MS = LONG ? 5_000 : 1_000
const RECOVERS_WITHIN_MS = 10_000
const CLIENTS = 16

test('every command that a server has answered while its store was frozen and killed is in the log, once', {
  timeout: 120_000,
}, async () => {
  const directory = testDirectory()
  const standIn = await openStandInProcess('--data', join(directory, 'store'))
  const there = ['--event-store', standIn.address, '--read-model', `sqlite:${join(directory, 'read-model.db')}`]
  const server = startProgram('serve', '--port', '0', ...there)
  const url = await server.address
  const stop = new AbortController()
  const answered: Answered[] = []
  const refused: Refused[] = []
  const clients = Array.from({ length: CLIENTS }, (_, n) => work(url, `client-${n}`, stop.signal, answered, refused))

  await sleep(1_000)
  standIn.freeze()
  await expectAway(url, FROZEN_MS)
  standIn.thaw()
  await recovered(url, answered)
  await standIn.kill()
  await expectAway(url, GONE_MS)
  await standIn.start()
  await recovered(url, answered)
  stop.abort()
  await Promise.all(clients)

  // Each command was sent until it was answered, so all of them must be there.
  for (const { status, retryAfter, outcome } of refused) {
    expect(status).toBe(503)
    expect(retryAfter).toMatch(/^\d+$/)
    expect(['not_stored', 'unknown']).toContain(outcome)
  }
  if (LONG) expect(refused.length).toBeGreaterThan(0)
  await expectInLog(standIn.address, answered)
  server.kill('SIGTERM')
  expect((await server.ended).status).toBe(0)
  expect(await startProgram('verify', ...there).ended).toMatchObject({ status: 0 })
})

test('an import goes on by itself when its store was frozen and killed, and leaves the read model of one that was not', {
  timeout: LONG ? 900_000 : 120_000,
}, async () => {
  const directory = testDirectory()
  const file = process.env['RUN_LEDGER_KILL_FILE'] ?? join(directory, 'lines.ndjson')
  if (process.env['RUN_LEDGER_KILL_FILE'] === undefined) writeFileSync(file, fileOf(loanLines(LONG ? 20_000 : 1_500)))
  const standIn = await openStandInProcess('--data', join(directory, 'store'))
  const readModel = join(directory, 'eventstoredb.db')
  const there = ['--event-store', standIn.address, '--read-model', `sqlite:${readModel}`]
  const importing = startProgram('import', file, ...there, '--json').ended
  const store = await openAt(standIn.address, PATIENT, 'read')
  await grown(store)
  standIn.freeze()
  await sleep(FROZEN_MS)
  standIn.thaw()
  await grown(store)
  await standIn.kill()
  await sleep(GONE_MS)
  await standIn.start()
  const imported = await importing
  expect(imported.stderr).not.toMatch(/^\s+at /m)
  const summary = JSON.parse(imported.stdout) as Record<string, number>
  expect({ status: imported.status, ...summary }).toMatchObject({ status: 0, accepted: summary['lines'], rejected: 0 })
  const [embedded, verified] = await Promise.all([
    startProgram('import', file, '--data', directory, '--json').ended,
    startProgram('verify', ...there).ended,
  ])
  expect(embedded.status).toBe(0)
  expect(verified.status).toBe(0)
  const differing = differingRows(readModel, join(directory, 'read-model.db'))
  expect(Object.entries(differing).filter(([, rows]) => rows > 0)).toEqual([])
})

type Refused = Readonly<{ status: number; retryAfter: string | null; outcome: string | undefined }>

/** Runs one run after another through its life, each command sent until it is answered. */
const work = async (
  url: string,
  client: string,
  signal: AbortSignal,
  answered: Answered[],
  refused: Refused[],
): Promise<void> => {
  for (let n = 0; !signal.aborted; n += 1) {
    const run_id = `${client}-run-${n}`
    const steps: readonly [string, unknown][] = [
      ['/runs', { run_id, policy_version_id: 'policy-1' }],
      [`/runs/${run_id}/start`, {}],
      [`/runs/${run_id}/complete`, { status: 'SUCCESS', result: 'APPROVED' }],
    ]
    for (const [revision, [path, body]] of steps.entries()) {
      const command_id = `${run_id}-${revision}`
      await untilTaken(url + path, body, command_id, refused)
      answered.push({ run_id, command_id, revision })
    }
  }
}

const untilTaken = async (url: string, body: unknown, command_id: string, refused: Refused[]): Promise<void> => {
  for (;;) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': command_id }
    const began = performance.now()
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    const said = (await answer.json()) as { outcome?: string }
    expect(performance.now() - began).toBeLessThan(LIMIT_MS)
    if (answer.ok) return
    refused.push({ status: answer.status, retryAfter: answer.headers.get('retry-after'), outcome: said.outcome })
    await sleep(200)
  }
}

// "Within 10 s", and what a busy machine adds on the client's side.
const LIMIT_MS = 12_000

/** That the server says for `ms` that it is up and not ready; it may take a moment to notice. */
const expectAway = async (url: string, ms: number): Promise<void> => {
  await expect.poll(() => statusOf(`${url}/readyz`), { timeout: 10_000, interval: 100 }).toBe(503)
  const until = Date.now() + ms
  while (Date.now() < until) {
    expect(await statusOf(`${url}/healthz`)).toBe(200)
    expect(await statusOf(`${url}/readyz`)).toBe(503)
    await sleep(100)
  }
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status

/** Until the log has taken some events more. */
const grown = async (store: EventStore): Promise<void> => {
  const head = rightOf(await store.headPosition()())
  await eventually(store.headPosition(), (now) => now._tag === 'Right' && now.right > head)
}

/** Until the server is ready and commands are taken again. */
const recovered = async (url: string, answered: readonly Answered[]): Promise<void> => {
  const before = answered.length
  await expect.poll(() => statusOf(`${url}/readyz`), { timeout: RECOVERS_WITHIN_MS, interval: 100 }).toBe(200)
  await expect
    .poll(() => answered.length, { timeout: RECOVERS_WITHIN_MS, interval: 100 })
    .toBeGreaterThan(before + CLIENTS)
}
