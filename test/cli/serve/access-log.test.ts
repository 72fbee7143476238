import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { startProgram } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const serve = (data: string, log: string, ...more: readonly string[]) =>
  startProgram('serve', '--port', '0', '--data', data, '--access-log', log, ...more)

type Line = Readonly<Record<string, unknown>>

/** Every line of the log that is whole, of all folders and days. */
const linesIn = (log: string): readonly Line[] =>
  readdirSync(log).flatMap((folder) =>
    readdirSync(join(log, folder))
      .filter((name) => name.endsWith('.ndjson'))
      .sort()
      .flatMap((name) =>
        readFileSync(join(log, folder, name), 'utf8')
          .split('\n')
          .slice(0, -1),
      )
      .map((line) => JSON.parse(line) as Line),
  )

const verify = async (log: string, ...args: readonly string[]) => {
  const { status, stdout } = await startProgram('access-log', 'verify', log, '--json', ...args).ended
  return { status, ...JSON.parse(stdout) }
}

/** Asks over 32 connections that stay open; resolves to the statuses. */
const load = async (url: string, paths: readonly string[]): Promise<readonly (number | null)[]> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  onTestFinished(() => agent.destroy())
  const ask = (path: string) =>
    new Promise<number | null>((resolve) => {
      request(`${url}${path}`, { agent }, async (answer) => {
        await text(answer).catch(() => '')
        resolve(answer.statusCode ?? null)
      })
        .on('error', () => resolve(null))
        .end()
    })
  return Promise.all(paths.map(ask))
}

const idsFrom = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

test('under load every request is in the log once, and the chain is whole', async () => {
  const [data, log] = [testDirectory(), testDirectory()]
  const server = serve(data, log)
  const ids = idsFrom('run', 4_000)
  await load(
    await server.address,
    ids.map((id) => `/runs/${id}`),
  )
  server.kill('SIGTERM')
  expect((await server.ended).status).toBe(0)
  const lines = linesIn(log).filter(({ route }) => route === '/runs/:run_id')
  expect(lines.map(({ run_id }) => run_id).sort()).toEqual([...ids].sort())
  expect(lines[0]).toMatchObject({
    kind: 'request',
    principal: null,
    method: 'GET',
    status: 404,
    problem: '/problems/run-not-found',
    request_id: expect.any(String),
  })
  expect(new Set(lines.map(({ request_id }) => request_id)).size).toBe(ids.length)
  expect(await verify(log, '--data', data)).toMatchObject({ status: 0, lines: linesIn(log).length, findings: [] })
})

test('after kill -9 under load the chain goes on; the begin of a stream is never missing', async () => {
  const [data, log] = [testDirectory(), testDirectory()]
  const first = serve(data, log)
  const url = await first.address
  const stream = await fetch(`${url}/stream`)
  void stream.text().catch(() => undefined)
  const answered = load(
    url,
    idsFrom('run', 50_000).map((id) => `/runs/${id}`),
  )
  await expect.poll(() => linesIn(log).length, { timeout: 120_000 }).toBeGreaterThan(500)
  first.kill('SIGKILL')
  await first.ended
  await answered
  const again = serve(data, log)
  await load(await again.address, ['/runs/after'])
  again.kill('SIGTERM')
  await again.ended
  const { status, torn, findings } = await verify(log)
  expect({ status, findings }).toEqual({ status: 0, findings: [] })
  expect(torn).toBeLessThanOrEqual(1)
  const text = readFileSync(
    join(log, 'process-1', readdirSync(join(log, 'process-1')).find((name) => name.endsWith('.ndjson')) ?? ''),
    'utf8',
  )
  expect(text).toContain('"kind":"begin","principal":null,"credential":null,"method":"GET","route":"/stream"')
  expect(text).toContain('"run_id":"after"')
})

test('of an export, a stream and the trail the begin is on the disk before the first byte, and the end follows', async () => {
  const [data, log] = [testDirectory(), testDirectory()]
  const server = serve(data, log)
  const url = await server.address
  const body = JSON.stringify({ run_id: 'r', policy_version_id: 'p' })
  await fetch(`${url}/runs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  await expect.poll(async () => (await fetch(`${url}/runs/r`)).status, { timeout: 60_000 }).toBe(200)
  const beginsOf = (path: string) => linesIn(log).filter(({ kind, route }) => kind === 'begin' && route === path).length
  const stream = new AbortController()
  onTestFinished(() => stream.abort())
  const asked = [
    ['/audit', '/audit?format=ndjson&actor=anonymous'],
    ['/audit', '/audit'],
    ['/runs/:run_id/events', '/runs/r/events'],
    ['/stream', '/stream'],
  ] as const
  for (const [route, path] of asked) {
    const before = beginsOf(route)
    const answer = await fetch(`${url}${path}`, { signal: stream.signal })
    expect(beginsOf(route)).toBe(before + 1)
    if (path !== '/stream') await answer.text()
  }
  server.kill('SIGTERM')
  await server.ended
  const ends = linesIn(log).filter(({ kind }) => kind === 'end')
  expect(ends).toHaveLength(asked.length)
  expect(ends[0]).toMatchObject({
    route: '/audit',
    query: 'format=ndjson&actor=anonymous',
    status: 200,
    rows: 1,
    bytes: expect.any(Number),
    position: '00000000000000000001',
  })
})

/** A log whose file of today, and of tomorrow, has no room. */
const fullLog = () => {
  const log = testDirectory()
  mkdirSync(join(log, 'process-1'), { recursive: true })
  const days = [0, 1].map((day) => `${new Date(Date.now() + day * 86_400_000).toISOString().slice(0, 10)}.ndjson`)
  for (const day of days) symlinkSync('/dev/full', join(log, 'process-1', day))
  return { log, free: () => days.map((day) => rmSync(join(log, 'process-1', day))) }
}

const statusOf = async (url: string) => (await fetch(url)).status

test('while its directory is full exports are refused, all else is served, and both ends of it are said', async () => {
  const { log, free } = fullLog()
  const server = serve(testDirectory(), log)
  const url = await server.address
  const refused = await fetch(`${url}/audit?format=csv`)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('5')
  expect(await refused.json()).toMatchObject({ type: '/problems/access-log-unavailable' })
  expect(await statusOf(`${url}/stream`)).toBe(503)
  expect(await statusOf(`${url}/runs`)).toBe(200)
  await expect.poll(() => server.printed().stderr, { timeout: 60_000 }).toContain('the access log cannot be written')
  free()
  await expect.poll(() => statusOf(`${url}/audit?format=csv`), { timeout: 60_000 }).toBe(200)
  await expect.poll(() => server.printed().stderr, { timeout: 60_000 }).toContain('can be written again')
  server.kill('SIGTERM')
  expect((await server.ended).status).toBe(0)
  expect(await verify(log)).toMatchObject({ status: 0, dropped: 0, findings: [] })
  expect(linesIn(log).filter(({ problem }) => problem === '/problems/access-log-unavailable')).not.toEqual([])
})

test('with --access-log-required nothing but /healthz is served meanwhile', async () => {
  const { log, free } = fullLog()
  const server = serve(testDirectory(), log, '--access-log-required')
  const url = await server.address
  await expect.poll(() => statusOf(`${url}/runs`), { timeout: 60_000 }).toBe(503)
  expect(await statusOf(`${url}/healthz`)).toBe(200)
  free()
  await expect.poll(() => statusOf(`${url}/runs`), { timeout: 60_000 }).toBe(200)
})

test('access-log verify says what is wrong and where, and with which seals it compared', async () => {
  const [data, log] = [testDirectory(), testDirectory()]
  const server = serve(data, log)
  await load(await server.address, ['/runs', '/runs'])
  server.kill('SIGTERM')
  await server.ended
  const whole = await startProgram('access-log', 'verify', log).ended
  expect(whole.status).toBe(0)
  expect(whole.stdout).toContain('not compared with the seals')
  const sealed = await startProgram('access-log', 'verify', log, '--data', data).ended
  expect(sealed).toMatchObject({ status: 0, stdout: expect.stringContaining('0 of 0 seals') })
  expect((await startProgram('access-log', 'verify', join(log, 'nowhere')).ended).status).toBe(2)
})
