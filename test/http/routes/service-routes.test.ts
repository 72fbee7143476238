import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { PROJECTIONS } from '../../../projections/projections.ts'
import { ProjectionsAnswer } from '../../../src/api/answers.ts'
import { serverForAll, serverForTest } from '../../support/network/http-server.ts'
import { testDirectory } from '../../support/stores.ts'

const server = serverForAll()

test('a server that is up and ready says so', async () => {
  expect((await server.current().get('/healthz')).json()).toEqual({ status: 'up' })
  const ready = await server.current().get('/readyz')
  expect(ready.statusCode).toBe(200)
  expect(ready.json()).toEqual({ status: 'ready' })
})

test('without its projector a server is up, but not ready', async () => {
  const stopped = await serverForTest()
  await stopped.projector.stop()
  expect((await stopped.get('/healthz')).statusCode).toBe(200)
  const answer = await stopped.get('/readyz')
  expect(answer.statusCode).toBe(503)
  expect(answer.headers).toHaveProperty('retry-after')
  expect(answer.json()).toMatchObject({ type: '/problems/store-unavailable', detail: 'the projector does not run' })
})

test('without its log a server is up, but not ready', async () => {
  const stopped = await serverForTest()
  await stopped.store.close()
  expect((await stopped.get('/readyz')).json()).toMatchObject({ status: 503, detail: 'the log does not answer' })
  expect((await stopped.get('/runs/r?consistency=strong')).json()).toMatchObject({
    type: '/problems/store-unavailable',
  })
})

test('a server whose log cannot store is not ready, and is again without any traffic once it can', async () => {
  const child = spawn(
    'bash',
    [
      '-c',
      `trap "" XFSZ; ulimit -S -f 1024; exec "$0" src/main.ts serve --port 0 --data "$1"`,
      process.execPath,
      testDirectory(),
    ],
    { cwd: new URL('../../..', import.meta.url), stdio: ['ignore', 'pipe', 'ignore'] },
  )
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  const url = String(line).trim()
  const create = () =>
    fetch(`${url}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ policy_version_id: 'p', input_data: { x: 'x'.repeat(100_000) } }),
    })
  const ready = async () => (await fetch(`${url}/readyz`)).status
  await expect.poll(ready, PATIENT).toBe(200)
  // A limit on the size of files is a full disk that a test can make.
  await expect.poll(async () => (await create()).status, PATIENT).toBe(503)
  await fillUp(url)
  expect(await ready()).toBe(503)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  spawnSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited'])
  await expect.poll(ready, PATIENT).toBe(200)
  expect((await create()).status).toBe(201)
})

/** Small commands, until not one more is stored. */
const fillUp = async (url: string): Promise<void> => {
  for (;;) {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/runs`, { method: 'POST', headers, body: '{"policy_version_id":"p"}' })
    if (answer.status === 503) return
  }
}

const PATIENT = { timeout: 120_000 }

test('projections tell how far they are', async () => {
  await server.current().create()
  const answer = await server.current().get('/projections')
  expect(answer.headers['run-ledger-position']).toMatch(/^\d{20}$/)
  const { data } = ProjectionsAnswer.parse(answer.json())
  const others = PROJECTIONS.map(({ name }) => name).filter((name) => name !== 'current-run')
  expect(data.map(({ name }) => name)).toEqual(['current-run', ...others.sort()])
  for (const projection of data)
    expect(projection).toMatchObject({ caught_up: true, lag_events: 0, lag_seconds: 0, quarantined: [] })
  expect(Object.keys(answer.json().data[0])).toEqual(Object.keys(data[0] ?? {}))
})

test('a projection that stands still shows what it lacks', async () => {
  const stopped = await serverForTest()
  await stopped.projector.stop()
  for (let n = 0; n < 3; n += 1) await stopped.post('/runs', { policy_version_id: 'p' })
  const { data } = ProjectionsAnswer.parse((await stopped.get('/projections')).json())
  for (const projection of data) expect(projection).toMatchObject({ caught_up: false, lag_events: 3 })
})
