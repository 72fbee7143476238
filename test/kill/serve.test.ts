import { expect, test } from 'vitest'
import { startProgram } from '../support/processes/program.ts'
import { eventsOf, openStore, testDirectory } from '../support/stores.ts'

const KILLS = Math.ceil(Number(process.env['KILLS'] ?? 5) / 2)
const CLIENTS = 16

test('every command that a killed server has answered is in the log, once', {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  const directory = testDirectory()
  const answered: Answered[] = []
  for (let kills = 0; kills < KILLS; kills += 1) {
    const server = startProgram('serve', '--port', '0', '--data', directory)
    const url = await server.address
    const clients = Array.from({ length: CLIENTS }, (_, n) =>
      sendUntilItEnds(url, `kill-${kills}-client-${n}`, answered),
    )
    setTimeout(() => server.kill('SIGKILL'), 200 + Math.random() * 600)
    await Promise.all(clients)
    expect((await server.ended).signal).toBe('SIGKILL')
  }
  expect(answered.length).toBeGreaterThan(KILLS * CLIENTS)
  const store = await openStore(directory, 'read')
  for (const { run_id, command_id, revision } of answered) {
    const ids = (await eventsOf(store, run_id)).map(({ metadata }) => JSON.parse(metadata).command_id as string)
    expect(ids.filter((id) => id === command_id)).toHaveLength(1)
    expect(ids[revision]).toBe(command_id)
  }
  expect((await startProgram('verify', '--data', directory).ended).status).toBe(0)
})

type Answered = Readonly<{ run_id: string; command_id: string; revision: number }>

/** Runs one run after another through its life, noting every answer, until the server is gone. */
const sendUntilItEnds = async (url: string, client: string, answered: Answered[]): Promise<void> => {
  for (let n = 0; ; n += 1) {
    const run_id = `${client}-run-${n}`
    const steps: readonly [string, unknown][] = [
      ['/runs', { run_id, policy_version_id: 'policy-1' }],
      [`/runs/${run_id}/start`, {}],
      [`/runs/${run_id}/status`, { status: 'IN_REVIEW' }],
      [`/runs/${run_id}/complete`, { status: 'SUCCESS', result: 'APPROVED' }],
    ]
    for (const [revision, [path, body]] of steps.entries()) {
      const command_id = `${run_id}-${revision}`
      const headers = { 'content-type': 'application/json', 'idempotency-key': command_id }
      const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => null)
      if (answer === null) return
      expect([200, 201]).toContain(answer.status)
      answered.push({ run_id, command_id, revision })
      // A body cut off in the middle does not take the answer back.
      await answer.arrayBuffer().catch(() => undefined)
    }
  }
}
