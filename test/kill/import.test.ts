import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { demoCommands } from '../../src/cli/demo/demo-decisions.ts'
import { logPath, readModelPath } from '../support/ledger-on-disk.ts'
import { startProgram } from '../support/processes/program.ts'
import { differingRows } from '../support/read-model/read-models.ts'
import { testDirectory } from '../support/stores.ts'

// `npm run test:kill` asks for 50; RUN_LEDGER_KILL_FILE names another file to import, such as a real one.
const KILLS = Number(process.env['KILLS'] ?? 5)

test(`an import killed at ${KILLS} random moments and run to its end leaves the log and the read model of one that was not`, {
  timeout: 60_000 + KILLS * 20_000,
}, async () => {
  const file = process.env['RUN_LEDGER_KILL_FILE'] ?? madeUpFile()
  const whole = testDirectory()
  const began = performance.now()
  const summary = await importInto(whole, file)
  const took = performance.now() - began
  expect(summary).toMatchObject({ repeated: 0, rejected: 0 })

  const killed = testDirectory()
  let kills = 0
  while (kills < KILLS) kills += (await killAfter(Math.random() * took, killed, file)) ? 1 : 0
  const rest = await importInto(killed, file)
  expect(rest.accepted + rest.repeated).toBe(summary.lines)
  expect(rest.rejected).toBe(0)

  expect(streamsOf(killed)).toEqual(streamsOf(whole))
  const differing = Object.entries(differingRows(readModelPath(killed), readModelPath(whole)))
  expect(differing.filter(([, rows]) => rows > 0)).toEqual([])
  expect(await startProgram('verify', '--data', killed).ended).toMatchObject({ status: 0 })
})

const madeUpFile = (): string => {
  const path = join(testDirectory(), 'lines.ndjson')
  const lines = demoCommands({ seed: 7, from: '2026-05-01T00:00:00.000Z' }).map(({ line }) => line)
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return path
}

type Summary = Readonly<{ lines: number; accepted: number; repeated: number; rejected: number }>

const importInto = async (directory: string, file: string): Promise<Summary> => {
  const ended = await startProgram('import', file, '--data', directory, '--json').ended
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  return JSON.parse(ended.stdout) as Summary
}

/** Whether the import was still running after `ms` and was killed. */
const killAfter = async (ms: number, directory: string, file: string): Promise<boolean> => {
  const child = startProgram('import', file, '--data', directory, '--json')
  await Promise.race([sleep(ms), child.ended])
  child.kill('SIGKILL')
  return (await child.ended).signal === 'SIGKILL'
}

/** Each run's events, without what is made anew for each attempt to store it, and what depends on the order over runs. */
const streamsOf = (directory: string): unknown[] =>
  rowsOf(
    logPath(directory),
    `SELECT stream, revision, type, data, json_remove(metadata, '$.nonce') AS metadata FROM events ORDER BY stream, revision`,
  )

const rowsOf = (path: string, sql: string): unknown[] => {
  const db = new DatabaseSync(path, { readOnly: true })
  const rows = db.prepare(sql).all()
  db.close()
  return rows
}
