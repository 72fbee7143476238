import { expect, test } from 'vitest'
import { testDatabase } from '../../support/postgres/postgres.ts'
import { startProgram } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const JSON_BODY = { 'content-type': 'application/json' }

test('a server without a projector shows what another process projects, and goes on when that one ends', async () => {
  const there = ['--data', testDirectory(), '--read-model', await testDatabase()]
  const url = await startProgram('serve', '--no-projector', '--port', '0', ...there).address
  const project = startProgram('project', ...there)
  await expect.poll(() => project.printed().stdout, { timeout: 60_000 }).toBe('projecting\n')
  const create = (run_id: string) =>
    fetch(`${url}/runs`, {
      method: 'POST',
      headers: JSON_BODY,
      body: JSON.stringify({ run_id, policy_version_id: 'p' }),
    })
  const created = await create('one')
  const position = created.headers.get('run-ledger-position') ?? ''
  await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 60_000 }).toBe(200)
  const read = () => fetch(`${url}/runs/one`, { headers: { 'run-ledger-position': position } })
  await expect.poll(async () => (await read()).status, { timeout: 60_000 }).toBe(200)
  project.kill('SIGTERM')
  expect(await project.ended).toMatchObject({ status: 0 })
  expect((await create('two')).status).toBe(201)
  expect(((await (await fetch(`${url}/runs`)).json()) as { data: unknown[] }).data).toHaveLength(1)
  const again = startProgram('project', ...there, '--json')
  await expect.poll(() => again.printed().stdout, { timeout: 60_000 }).toBe('{"projecting":true}\n')
  await expect.poll(async () => (await fetch(`${url}/runs/two`)).status, { timeout: 60_000 }).toBe(200)
})

test('projections of a database are rebuilt and retried by those who project into it, or by the command itself', async () => {
  const there = ['--data', testDirectory(), '--read-model', await testDatabase()]
  const server = startProgram('serve', '--port', '0', ...there)
  const url = await server.address
  const body = JSON.stringify({ run_id: 'one', policy_version_id: 'p' })
  expect((await fetch(`${url}/runs`, { method: 'POST', headers: JSON_BODY, body })).status).toBe(201)
  for (const isServed of [true, false]) {
    if (!isServed) {
      server.kill('SIGTERM')
      await server.ended
    }
    const rebuilt = await startProgram('projections', 'rebuild', ...there, '--json').ended
    expect(rebuilt).toMatchObject({ status: 0 })
    expect(JSON.parse(rebuilt.stdout)).toMatchObject({ events: 1 })
    const retried = await startProgram('projections', 'retry', '--all', ...there, '--json').ended
    expect(retried).toMatchObject({ status: 0 })
    expect(JSON.parse(retried.stdout)).toEqual({ recovered: [], quarantined: [] })
    if (isServed) expect((await fetch(`${url}/runs/one`)).status).toBe(200)
  }
})
