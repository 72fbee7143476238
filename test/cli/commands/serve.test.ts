import { once } from 'node:events'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { type Program, startProgram } from '../../support/processes/program.ts'
import { eventsOf, openStore, testDirectory } from '../../support/stores.ts'

const serve = (data: string, ...args: readonly string[]): Program =>
  startProgram('serve', '--port', '0', '--data', data, ...args)

test('its first line is its address, alone or in JSON, and what it logs goes to standard error', async () => {
  const plain = serve(testDirectory())
  const json = serve(testDirectory(), '--json', '--rebuild')
  const [url] = await Promise.all([plain.address, json.address])
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  plain.kill('SIGTERM')
  json.kill('SIGINT')
  const [first, second] = await Promise.all([plain.ended, json.ended])
  expect(first).toMatchObject({ status: 0, stdout: `${url}\n` })
  expect(first.stderr).toContain('"serving"')
  expect(second.status).toBe(0)
  expect(JSON.parse(second.stdout)).toEqual({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) })
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s under load answers what is under way and ends with 0; every answered command is stored',
  async (signal) => {
    const data = testDirectory()
    const server = serve(data)
    const url = await server.address
    const answered: string[] = []
    const client = async (name: string): Promise<void> => {
      for (let n = 0; ; n += 1) {
        const run_id = `${name}-${n}`
        const body = JSON.stringify({ run_id, policy_version_id: 'p1' })
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(`${url}/runs`, { method: 'POST', headers, body }).catch(() => null)
        if (answer?.status !== 201) return
        answered.push(run_id)
      }
    }
    const clients = Array.from({ length: 8 }, (_, n) => client(`client-${n}`))
    while (answered.length < 50) await new Promise((resolve) => setTimeout(resolve, 5))
    server.kill(signal)
    expect((await server.ended).status).toBe(0)
    await Promise.all(clients)
    const store = await openStore(data, 'read')
    for (const run_id of answered) expect(await eventsOf(store, run_id)).toHaveLength(1)
  },
)

test('metrics have a port of their own with --metrics-port, and are on the same one without', async () => {
  const [same, own] = [serve(testDirectory()), serve(testDirectory(), '--metrics-port', '0')]
  const [url, withOwn] = await Promise.all([same.address, own.address])
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('run_ledger_projection_lag_events{')
  expect((await fetch(`${withOwn}/metrics`)).status).toBe(404)
  const logged = () => /"url":"(http:\S+\/metrics)"/.exec(own.printed().stderr)?.[1]
  await expect.poll(logged, { timeout: 60_000 }).toBeDefined()
  const metrics = await fetch(logged() ?? '')
  expect(metrics.headers.get('content-type')).toContain('application/openmetrics-text')
  expect(await metrics.text()).toContain('run_ledger_http_request_duration_seconds_count{route="none"')
  const [misdirected] = await once(get(logged() ?? '', { headers: { host: 'evil.example' } }), 'response')
  expect(misdirected.statusCode).toBe(421)
  own.kill('SIGTERM')
  expect((await own.ended).status).toBe(0)
})

test('it is reached by the names of --allowed-host, and by no others', async () => {
  const url = await serve(testDirectory(), '--allowed-host', 'a.example', '--allowed-host', 'b.example').address
  const statusFor = async (host: string) => {
    const [answer] = await once(get(`${url}/healthz`, { headers: { host } }), 'response')
    return answer.statusCode
  }
  expect(await Promise.all(['a.example', 'b.example', 'c.example'].map(statusFor))).toEqual([200, 200, 421])
})

test('a second signal ends it at once, whoever still waits for an answer', async () => {
  const server = serve(testDirectory())
  const { hostname, port } = new URL(await server.address)
  const { connect } = await import('node:net')
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  // A request that never ends keeps the server waiting.
  socket.write(
    'POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{',
  )
  await new Promise((resolve) => setTimeout(resolve, 100))
  server.kill('SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 300))
  server.kill('SIGTERM')
  expect((await server.ended).status).toBe(143)
  socket.destroy()
})

test('a port that is taken is named, with what to do, and the files are free again', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const data = testDirectory()
  const { status, stdout, stderr } = await startProgram('serve', '--port', String(port), '--data', data).ended
  taken.close()
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain(`127.0.0.1:${port} is in use: give another --port`)
  await openStore(data, 'write')
})

test('beside a server the log and the read model can be looked at, but not rebuilt', async () => {
  const data = testDirectory()
  const server = serve(data)
  const url = await server.address
  const headers = { 'content-type': 'application/json' }
  await fetch(`${url}/runs`, { method: 'POST', headers, body: '{"policy_version_id":"p1"}' })
  const [verified, status, rebuild, retry] = await Promise.all([
    startProgram('verify', '--data', data).ended,
    startProgram('projections', 'status', '--data', data).ended,
    startProgram('projections', 'rebuild', '--data', data).ended,
    startProgram('projections', 'retry', '--all', '--data', data).ended,
  ])
  expect([verified.status, status.status, rebuild.status, retry.status]).toEqual([0, 0, 3, 3])
  expect(status.stdout).toMatch(
    /^current-run +\(version \d+\) is at position 0{19}1, caught up\n([a-z-]+ +\(version .*, caught up\n)+$/,
  )
  expect(rebuild.stderr).toContain(`is in use by process ${server.pid}`)
  expect(rebuild.stderr).toContain('run-ledger serve --rebuild')
})
