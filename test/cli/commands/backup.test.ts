import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileOf, loanLines } from '../../support/loans.ts'
import { misplaceInIndex } from '../../support/log-damage.ts'
import { startProgram, startProgramWith } from '../../support/processes/program.ts'
import { eventsOf, openStore, testDirectory } from '../../support/stores.ts'

const run = (...args: readonly string[]) => startProgram(...args).ended

const imported = async (data: string, runs: number) => {
  const args = ['import', '-', '--data', data]
  expect(await startProgramWith({ args, input: fileOf(loanLines(runs)) }).ended).toMatchObject({ status: 0 })
}

/** Creates runs one after another until told to stop; the ids of those that were answered. */
const writing = (url: string) => {
  const answered: string[] = []
  let stopped = false
  const write = async () => {
    for (let n = 0; !stopped; n += 1) {
      const body = JSON.stringify({ run_id: `during-${n}`, policy_version_id: 'p' })
      const headers = { 'content-type': 'application/json' }
      expect((await fetch(`${url}/runs`, { method: 'POST', headers, body })).status).toBe(201)
      answered.push(`during-${n}`)
    }
  }
  const written = write()
  return {
    answered,
    stop: () => {
      stopped = true
      return written
    },
  }
}

test('a backup beside a server that is written to has every event that was answered before, and is restored as the page says', async () => {
  const directory = testDirectory()
  const [data, out, restored] = ['data', 'backup.db', 'restored'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  await imported(data, 200)
  const server = startProgram('serve', '--port', '0', '--data', data)
  const { answered, stop } = writing(await server.address)
  await expect.poll(() => answered.length, { timeout: 60_000 }).toBeGreaterThan(20)
  writeFileSync(out, 'what stood there before')
  const before = [...answered]
  const made = await run('backup', '--data', data, '--out', out, '--json')
  await stop()
  expect(made).toMatchObject({ status: 0, stderr: '' })
  expect(readdirSync(directory).toSorted()).toEqual(['backup.db', 'backup.db.tree.db', 'data'])
  expect((lstatSync(out).mode & 0o777).toString(8)).toBe('600')

  mkdirSync(restored)
  copyFileSync(out, join(restored, 'events.db'))
  const again = startProgram('serve', '--port', '0', '--data', restored)
  const url = await again.address
  for (const run_id of before) {
    // The read model is made anew, which takes a slow machine longer than a read waits for it.
    const read = async () =>
      (
        await fetch(`${url}/runs/${run_id}`, {
          headers: { 'run-ledger-position': JSON.parse(made.stdout).position },
        })
      ).status
    await expect.poll(read, { timeout: 120_000 }).toBe(200)
  }
  again.kill('SIGTERM')
  await again.ended
  const { events, ledger } = JSON.parse(made.stdout)
  expect((await run('verify', '--data', restored)).stdout).toContain(`${events} events of`)
  const store = await openStore(restored, 'read')
  expect((await eventsOf(store, 'loan-0'))[0]?.event_id).toBe(ledger)
  expect(await eventsOf(store, 'loan-199')).toHaveLength(4)
})

test('a log that is damaged is not backed up, and what stood there stays', async () => {
  const data = testDirectory()
  await imported(data, 2)
  misplaceInIndex(join(data, 'events.db'), 3)
  const out = join(testDirectory(), 'backup.db')
  writeFileSync(out, 'the last good one')
  const refused = await run('backup', '--data', data, '--out', out)
  expect(refused).toMatchObject({
    status: 3,
    stdout: '',
    stderr: expect.stringMatching(/damaged.*no backup was written/),
  })
  expect(readFileSync(out, 'utf8')).toBe('the last good one')
  expect(readdirSync(join(out, '..'))).toEqual(['backup.db'])
})

test('a backup goes to a file that is none of the ledger, and is one of an embedded log', async () => {
  const data = testDirectory()
  await imported(data, 1)
  const before = readFileSync(join(data, 'events.db'))
  expect(await run('backup', '--data', data, '--out', join(data, 'events.db'))).toMatchObject({ status: 2 })
  expect(readFileSync(join(data, 'events.db')).equals(before)).toBe(true)
  expect(await run('backup', '--data', data, '--out', '/dev/null')).toMatchObject({ status: 2 })
  const esdb = ['--event-store', 'esdb://localhost:2113?tls=false', '--read-model', `sqlite:${join(data, 'other.db')}`]
  expect(await run('backup', ...esdb, '--out', join(data, 'b'))).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('EventStoreDB is backed up'),
  })
  expect(await run('backup', '--data', join(data, 'none'), '--out', join(data, 'b'))).toMatchObject({ status: 3 })
  expect(await run('backup', '--data', data, '--out', join(data, 'no', 'b'))).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('ENOENT'),
  })
  expect(existsSync(join(data, 'b'))).toBe(false)
})
