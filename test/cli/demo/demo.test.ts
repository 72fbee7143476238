import { expect, test } from 'vitest'
import { type Program, startProgram } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const startDemo = (data: string, ...args: readonly string[]): Program =>
  startProgram('demo', '--data', data, '--port', '0', ...args)

const stop = async (demo: Program) => {
  demo.kill('SIGINT')
  return demo.ended
}

/** Every call that the tour shows, as what `fetch` takes. */
const callsIn = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('  curl '))
    .map((line) => ({
      url: /http:\/\/[^\s']+/.exec(line)?.[0] ?? '',
      body: / -d '(.*)'/.exec(line)?.[1],
      headers: Object.fromEntries([...line.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name, value]) => [name, value])),
      method: line.includes('-X POST') ? 'POST' : 'GET',
    }))

test('every call that it shows works, and a second start finds the same decisions and what was done to them', {
  timeout: 90_000,
}, async () => {
  const data = testDirectory()
  const demo = startDemo(data)
  const url = await demo.address
  const total = async (address: string, query = '') =>
    ((await (await fetch(`${address}/runs?limit=1&count=true${query}`)).json()) as { count: number }).count
  const runs = await total(url)
  expect(runs).toBeGreaterThan(2000)
  const waiting = await total(url, '&status=PENDING')
  expect(waiting).toBeGreaterThanOrEqual(6)

  // Told late: it had happened by then, and the ledger did not know of it.
  const trail = await (await fetch(`${url}/audit?format=ndjson&type=RunCreated`)).text()
  const late = trail
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { run_id: string; occurred_at: string; recorded_at: string })
    .filter(({ occurred_at, recorded_at }) => Date.parse(recorded_at) - Date.parse(occurred_at) > 3_600_000)
  expect(late.length).toBeGreaterThan(3)
  const [first] = late
  const between = new Date(Date.parse(first?.occurred_at ?? '') + 1_800_000).toISOString()
  const statusAt = async (query: string) => (await fetch(`${url}/runs/${first?.run_id}?${query}=${between}`)).status
  expect([await statusAt('as_of'), await statusAt('known_at')]).toEqual([200, 404])

  // The tour is printed after the address, and all of it before the demo ends.
  const { stdout: tour } = await stop(demo)
  const shown = callsIn(tour)
  expect(shown).toHaveLength(8)
  const again = startDemo(data)
  const here = await again.address
  for (const { url: there, ...call } of shown) {
    const answer = await fetch(there.replace(url, here), { ...call, body: call.body ?? null })
    expect([200, there]).toEqual([answer.status, there])
  }
  const programs = tour.split('\n').flatMap((line) => line.match(/(?<=^ {2}npx run-ledger ).*/) ?? [])
  expect(programs).toHaveLength(3)
  for (const args of programs)
    expect(await startProgram(...args.split(' ')).ended).toMatchObject({
      status: 0,
      stderr: '',
    })
  expect(await total(here)).toBe(runs)
  expect((await stop(again)).status).toBe(0)

  const third = startDemo(data, '--json')
  const { stdout, status } = await third.address.then(() => stop(third))
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ data, runs })
})

test('a ledger that is no demo is left alone', async () => {
  const data = testDirectory()
  const server = startProgram('serve', '--data', data, '--port', '0')
  const headers = { 'content-type': 'application/json' }
  await fetch(`${await server.address}/runs`, { method: 'POST', headers, body: '{"policy_version_id":"p1"}' })
  const inUse = await startDemo(data).ended
  expect(inUse.status).toBe(3)
  server.kill('SIGTERM')
  await server.ended
  const { status, stdout, stderr } = await startDemo(data).ended
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toContain('holds another ledger')
})
