/** A program of another version joins one that serves, fills tables of its own, and takes over. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { TABLE_SET } from '../../../src/read-model/postgres/tables.ts'
import { dropUnused, readSet, unusedGenerations } from '../../../src/read-model/postgres/writing/table-set.ts'
import { testDatabase } from '../../support/postgres/postgres.ts'
import { poolAt } from '../../support/postgres/postgres-projectors.ts'
import { startProgramWith } from '../../support/processes/program.ts'
import { openStandInProcess } from '../../support/stand-ins.ts'
import { testDirectory } from '../../support/stores.ts'

const OTHER_VERSION = fileURLToPath(new URL('../../support/processes/other-version.ts', import.meta.url))
const WAIT = { timeout: 120_000, interval: 20 }

type Listed = Readonly<{ status: number; runs: number | undefined; wrong: number }>

/** How many runs a server counts, and how many of those that it lists stand as they never stood. */
const list = async (url: string): Promise<Listed> => {
  const answer = await fetch(`${url}/runs?limit=1000&count=true`)
  const { count, data = [] } = (await answer.json()) as { count?: number; data?: { status: string; result: unknown }[] }
  const wrong = data.filter((run) => !['PENDING null', 'FAILURE NO'].includes(`${run.status} ${run.result}`)).length
  return { status: answer.status, runs: count, wrong }
}

test('another version joins, fills its own tables and is ready once they are complete, while the old one serves', async () => {
  const directory = testDirectory()
  const standIn = await openStandInProcess('--data', join(directory, 'store'))
  const database = await testDatabase()
  const serve = (name: string, env: Readonly<Record<string, string>> = {}) =>
    startProgramWith({
      args: ['serve', '--port', '0', '--data', join(directory, name)].concat([
        '--event-store',
        standIn.address,
        '--read-model',
        database,
      ]),
      env,
    })
  const old = serve('old')
  const url = await old.address
  let last = ''
  const create = async (to: string, from: number, runs: number): Promise<void> => {
    const lines = Array.from({ length: runs }, (_, i) => `run-${from + i}`).flatMap((run_id) => [
      { command: 'create', run_id, policy_version_id: 'p' },
      { command: 'complete', run_id, status: 'FAILURE', result: 'NO' },
    ])
    const body = lines.map((line) => JSON.stringify(line)).join('\n')
    const answer = await fetch(`${to}/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body,
    })
    expect((await answer.text()).match(/"ok":true/g)).toHaveLength(lines.length)
    last = answer.headers.get('run-ledger-position') ?? last
  }
  await create(url, 0, 300)
  await expect.poll(() => list(url), WAIT).toEqual({ status: 200, runs: 300, wrong: 0 })

  const other = serve('new', { NODE_OPTIONS: `--import ${OTHER_VERSION}` })
  const otherUrl = await other.address
  const states: number[] = []
  for (let runs = 300; states.at(-1) !== 200; runs += 1) {
    states.push((await fetch(`${otherUrl}/readyz`)).status)
    await create(url, runs, 1)
    const [shown, early] = [await list(url), await list(otherUrl)]
    expect(shown).toMatchObject({ status: 200, wrong: 0 })
    // Nothing of tables that are not complete is shown.
    if (early.status === 200) expect(early.runs).toBeGreaterThanOrEqual(300)
    else expect(early.status).toBe(503)
  }
  const { rows } = await poolAt(database).query('SELECT live FROM run_ledger.projection_sets')
  expect(rows).toEqual([{ live: 1 }, { live: 1 }])

  const { runs = 0 } = await list(url)
  await create(otherUrl, 10_000, 20)
  for (const each of [url, otherUrl])
    await expect.poll(async () => ((await list(each)).runs ?? 0) >= runs + 20, WAIT).toBe(true)
  expect(await list(url)).toEqual(await list(otherUrl))
  old.kill('SIGTERM')
  expect(await old.ended).toMatchObject({ status: 0 })
  await create(otherUrl, 20_000, 1)
  await expect.poll(async () => (await list(otherUrl)).runs, WAIT).toBe(runs + 21)
  expect((await list(otherUrl)).wrong).toBe(0)
})

test('the tables of a version that nobody has projected for an hour are dropped, and no others', async () => {
  const database = await testDatabase()
  const args = ['serve', '--port', '0', '--data', testDirectory(), '--read-model', database]
  const old = startProgramWith({ args, env: { NODE_OPTIONS: `--import ${OTHER_VERSION}` } })
  await old.address
  old.kill('SIGTERM')
  await old.ended
  const present = startProgramWith({ args })
  await present.address
  const pool = poolAt(database)
  await expect.poll(async () => (await readSet(pool)).live, WAIT).toBe(1)
  expect(await unusedGenerations(pool)).toEqual([])
  const anHourAgo = `now() - interval '61 minutes'`
  await pool.query(`UPDATE run_ledger.projection_sets SET used_at = ${anHourAgo}`)
  await pool.query(`UPDATE run_ledger.projection_leases SET expires_at = ${anHourAgo} WHERE owner IS NULL`)
  const [unused, ...others] = await unusedGenerations(pool)
  expect(others).toEqual([])
  if (unused === undefined) throw new Error('nothing is unused')
  expect(unused.set).not.toBe(TABLE_SET)
  await dropUnused(pool, unused.set, unused.generation)
  const { rows } = await pool.query(
    `SELECT (SELECT array_agg(set) FROM run_ledger.projection_sets) AS sets,
       (SELECT count(DISTINCT set) FROM run_ledger.projection_leases) AS leased,
       (SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'rm_%') AS schemas`,
  )
  expect(rows).toEqual([{ sets: [TABLE_SET], leased: 1, schemas: 1 }])
})
