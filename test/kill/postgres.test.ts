/** Three servers over one log and one PostgreSQL: killed, frozen, and their database restarted, cut off and full. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { REGISTRY, schemaName } from '../../src/read-model/postgres/tables.ts'
import { freezingProxy } from '../support/network/freezing-proxy.ts'
import { execute, type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'
import { type Program, startProgram } from '../support/processes/program.ts'
import { openStandInProcess } from '../support/stand-ins.ts'
import { testDirectory } from '../support/stores.ts'
import { type Answered, expectInLog } from './answered.ts'

// `npm run test:kill` asks for the long form.
const LONG = process.env['KILLS'] !== undefined
const FROZEN_MS = LONG ? 40_000 : 14_000
const FULL_MS = LONG ? 12_000 : 2_000
const CLIENTS = 6
// "Within 10 s" and "within 20 s", and what a busy machine adds.
const READS_WITHIN_MS = 12_000
const TAKEN_OVER_WITHIN_MS = 25_000

test('three servers keep every answered command, once, whatever happens to them and to PostgreSQL', {
  timeout: LONG ? 900_000 : 300_000,
}, async () => {
  const directory = testDirectory()
  const standIn = await openStandInProcess('--data', join(directory, 'store'))
  const postgres = await startPostgres()
  onTestFinished(postgres.remove)
  const proxy = await freezingProxy(postgres.port)
  const through = new URL(postgres.url)
  through.port = String(proxy.port)
  const there = ['--event-store', standIn.address, '--read-model', through.href]
  const started: Program[] = []
  const serve = async (n: number): Promise<Program> => {
    const server = startProgram('serve', '--port', '0', '--data', join(directory, `server-${n}`), ...there)
    started.push(server)
    await server.address
    return server
  }
  const servers = await Promise.all([0, 1, 2].map(serve))
  const urls = await Promise.all(servers.map(({ address }) => address))
  await expect.poll(() => ownersOf(postgres), { timeout: 60_000 }).toBe(3)

  const stop = new AbortController()
  const answered: Answered[] = []
  const clients = Array.from({ length: CLIENTS }, (_, n) => work(urls, n, stop.signal, answered))
  const readers = urls.map((_, n) => read(urls, n, stop.signal))
  const goesOn = () => grows(postgres, answered)
  await goesOn()

  for (const n of LONG ? [0, 1, 2] : [0]) {
    servers[n]?.kill('SIGKILL')
    await expect.poll(() => ownersOf(postgres), { timeout: TAKEN_OVER_WITHIN_MS }).toBe(2)
    await goesOn()
    const again = await serve(n)
    servers[n] = again
    urls[n] = await again.address
    await expect.poll(() => ownersOf(postgres), { timeout: 60_000 }).toBe(3)
  }

  const frozen = servers[1] as Program
  frozen.kill('SIGSTOP')
  await expect.poll(() => ownersOf(postgres), { timeout: TAKEN_OVER_WITHIN_MS }).toBe(2)
  await Promise.all([goesOn(), sleep(FROZEN_MS)])
  frozen.kill('SIGCONT')
  await expect.poll(() => ownersOf(postgres), { timeout: 60_000 }).toBe(3)
  await goesOn()

  await postgres.stop('SIGINT')
  await sleep(1_000)
  await postgres.start()
  await goesOn()
  await postgres.stop('SIGQUIT')
  await postgres.start()
  await goesOn()
  proxy.cut()
  await goesOn()
  await full(postgres, FULL_MS)
  await goesOn()

  stop.abort()
  await Promise.all([...clients, ...readers])
  await expectInLog(standIn.address, answered)
  for (const server of servers) server.kill('SIGTERM')
  expect((await Promise.all(servers.map(({ ended }) => ended))).map(({ status }) => status)).toEqual([0, 0, 0])
  for (const { stderr, stdout } of started.map(({ printed }) => printed()))
    expect(stderr + stdout).not.toContain(new URL(postgres.url).password)
  expect(await startProgram('verify', '--data', directory, ...there).ended).toMatchObject({ status: 0 })
})

/** How many processes hold the parts, all of which are held by living ones; 0 while any is not. */
const ownersOf = async ({ url }: PostgresServer): Promise<number> => {
  const { rows } = await execute(
    url,
    `SELECT count(DISTINCT owner) AS owners, count(*) AS parts FROM ${REGISTRY}.projection_leases
     WHERE generation = (SELECT live FROM ${REGISTRY}.projection_sets)
       AND expires_at > clock_timestamp() AND owner IS NOT NULL`,
  ).catch(() => ({ rows: [] }))
  return Number(rows[0]?.parts) === 64 ? Number(rows[0]?.owners) : 0
}

/** Until commands are answered, and all parts have moved past where the log was. */
const grows = async ({ url }: PostgresServer, answered: readonly Answered[]): Promise<void> => {
  const before = answered.length
  await expect.poll(() => answered.length, { timeout: 60_000 }).toBeGreaterThan(before + 2 * CLIENTS)
  const positions = async (aggregate: 'min' | 'max') => {
    const { rows } = await execute(
      url,
      `SELECT ${aggregate}(position) AS position FROM ${REGISTRY}.projection_parts
       WHERE generation = (SELECT live FROM ${REGISTRY}.projection_sets)`,
    )
    return rows[0]?.position as string
  }
  const ahead = await positions('max')
  await expect.poll(async () => (await positions('min')) > ahead, { timeout: 60_000 }).toBe(true)
}

/** PostgreSQL refuses to write rows for `ms`, in the words and with the code of a disk without space. */
const full = async ({ url }: PostgresServer, ms: number): Promise<void> => {
  const table = `${schemaName(1)}.entries`
  await execute(
    url,
    `CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
     CREATE TRIGGER no_space BEFORE INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION no_space()`,
  )
  await sleep(ms)
  await execute(url, `DROP TRIGGER no_space ON ${table}; DROP FUNCTION no_space()`)
}

/** Runs one run after another through its life, each command sent to one server or another until it is answered. */
const work = async (urls: readonly string[], client: number, signal: AbortSignal, answered: Answered[]) => {
  for (let n = 0; !signal.aborted; n += 1) {
    const run_id = `client-${client}-run-${n}`
    const steps: readonly [string, unknown][] = [
      ['/runs', { run_id, policy_version_id: 'policy-1', run_group_id: `group-${n % 5}` }],
      [`/runs/${run_id}/start`, {}],
      [`/runs/${run_id}/complete`, { status: 'SUCCESS', result: 'APPROVED' }],
    ]
    for (const [revision, [path, body]] of steps.entries()) {
      const command_id = `${run_id}-${revision}`
      await untilTaken(urls, client, path, body, command_id)
      answered.push({ run_id, command_id, revision })
    }
  }
}

const untilTaken = async (urls: readonly string[], first: number, path: string, body: unknown, command_id: string) => {
  for (let tries = first; ; tries += 1) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': command_id }
    const init = { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(5_000) }
    const status = await fetch(urls[tries % urls.length] + path, init).then(
      (answer) => answer.status,
      // Killed or frozen: the next one has it.
      () => 503,
    )
    if (status < 300) return
    expect(status).toBe(503)
    await sleep(50)
  }
}

/** Reads from one server until `signal`: whatever happens, an answer of a server that runs comes in time. */
const read = async (urls: readonly string[], n: number, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const began = performance.now()
    // The frozen one answers nothing, and the killed one refuses.
    const init = { signal: AbortSignal.timeout(n === 1 ? 1_000 : READS_WITHIN_MS) }
    const status = await fetch(`${urls[n]}/runs?limit=5`, init).then(
      (answer) => answer.status,
      (error: Error) => error.name,
    )
    if (typeof status === 'number') expect([200, 503]).toContain(status)
    else if (n !== 1) expect(status).not.toBe('TimeoutError')
    expect(performance.now() - began).toBeLessThan(READS_WITHIN_MS + 1_000)
    await sleep(100)
  }
}
