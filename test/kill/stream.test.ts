import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createClient, type Entry } from '../../src/client/client.ts'
import { fileOf, loanLines } from '../support/loans.ts'
import { follow } from '../support/network/event-source.ts'
import { startProgram } from '../support/processes/program.ts'
import { testDirectory } from '../support/stores.ts'

const RUNS = 1_000
const EVENTS = RUNS * 4

test('two that follow from the start, while an import runs and the server is killed twice, get every entry once, in order', {
  timeout: 240_000,
}, async () => {
  const directory = testDirectory()
  const file = join(directory, 'lines.ndjson')
  writeFileSync(file, fileOf(loanLines(RUNS)))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const serve = () => startProgram('serve', '--port', String(port), '--data', join(directory, 'ledger'))

  let server = serve()
  await server.address
  const { came } = follow(`${url}/stream?from=start`)
  const entries = followWithClient(url)
  const imported = startProgram('import', file, '--url', url, '--json').ended
  for (const seen of [0, EVENTS / 3]) {
    await expect.poll(() => Math.min(came.length, entries.length), PATIENTLY).toBeGreaterThan(seen)
    server.kill('SIGKILL')
    await server.ended
    server = serve()
    await server.address
  }
  const { status, stdout } = await imported
  expect({ status, ...(JSON.parse(stdout) as object) }).toMatchObject({ status: 0, lines: EVENTS, rejected: 0 })

  await expect.poll(() => Math.min(came.length, entries.length), PATIENTLY).toBeGreaterThanOrEqual(EVENTS)
  const trail = await fetch(`${url}/audit?sort=position&format=ndjson`)
  const positions = (await trail.text())
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Entry).position)
  expect(positions).toHaveLength(EVENTS)
  expect(came.map(({ id }) => id)).toEqual(positions)
  expect(entries.map(({ position }) => position)).toEqual(positions)
})

const PATIENTLY = { timeout: 100_000, interval: 20 }

/** What this project's own client gets; it grows. */
const followWithClient = (url: string): readonly Entry[] => {
  const entries: Entry[] = []
  const ending = new AbortController()
  onTestFinished(() => ending.abort())
  const go = async () => {
    const { streamEntries } = createClient({ url })
    for await (const entry of streamEntries({ from: 'start' }, { signal: ending.signal }))
      if (entry._tag === 'Right') entries.push(entry.right)
  }
  go()
  return entries
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
