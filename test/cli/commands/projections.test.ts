import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DROP_GUARDS, logPath, readModelPath, tamper } from '../../support/ledger-on-disk.ts'
import { fileOf, loanLines } from '../../support/loans.ts'
import { startProgram } from '../../support/processes/program.ts'
import { testDirectory } from '../../support/stores.ts'

const run = (...args: readonly string[]) => startProgram(...args).ended

/** A ledger of 3 runs, with 4 events each. */
const ledgerOfThree = async (): Promise<string> => {
  const data = testDirectory()
  const input = join(data, 'input')
  writeFileSync(input, fileOf(loanLines(3)))
  expect((await run('import', input, '--data', data)).status).toBe(0)
  return data
}

test('verify names what differs by run and revision and ends with 1; a rebuild mends it', async () => {
  const data = await ledgerOfThree()
  tamper(
    readModelPath(data),
    `UPDATE runs SET status = 'FAILURE' WHERE run_id = 'loan-0'; DELETE FROM runs WHERE run_id = 'loan-1';`,
  )
  const found = await run('verify', '--data', data)
  expect(found.status).toBe(1)
  expect(found.stdout).toContain('loan-0 at revision 3: the read model differs in status (FAILURE instead of SUCCESS)')
  expect(found.stdout).toContain('loan-1 at revision 3: the read model lacks the run')
  const json = await run('verify', '--data', data, '--json')
  expect(json.status).toBe(1)
  expect(JSON.parse(json.stdout)).toMatchObject({ counts: { 'changed-row': 1, 'missing-row': 1 } })
  const rebuilt = await run('projections', 'rebuild', '--data', data, '--json')
  expect(rebuilt).toMatchObject({ status: 0, stderr: '' })
  expect(JSON.parse(rebuilt.stdout)).toMatchObject({ events: 12 })
  expect(await run('verify', '--data', data)).toMatchObject({ status: 0, stderr: '' })
})

test('a run that cannot be read is shown, found by verify, and tried again by retry', { timeout: 60_000 }, async () => {
  const data = await ledgerOfThree()
  const rename = (from: string, to: string) =>
    `${DROP_GUARDS} UPDATE events SET type = '${to}' WHERE stream = 'run-loan-2' AND type = '${from}';`
  tamper(logPath(data), rename('RunStarted', 'RunBegun'))
  await run('projections', 'rebuild', '--data', data)

  const shown = await run('projections', 'status', '--data', data)
  expect(shown.status).toBe(0)
  expect(shown.stdout).toContain('loan-2 cannot be read from revision 1 on (RunBegun: ')
  const found = await run('verify', '--data', data)
  expect(found.status).toBe(1)
  expect(found.stdout).toContain('loan-2 at revision 1: the event cannot be read (RunBegun: ')
  expect(await run('projections', 'retry', 'loan-2', '--data', data)).toMatchObject({ status: 1 })

  tamper(logPath(data), `UPDATE events SET type = 'RunStarted' WHERE type = 'RunBegun';`)
  const retried = await run('projections', 'retry', '--all', '--data', data, '--json')
  expect(retried.status).toBe(0)
  expect(JSON.parse(retried.stdout)).toEqual({ recovered: ['loan-2'], quarantined: [] })
  expect(await run('verify', '--data', data)).toMatchObject({ status: 0 })
  expect(await run('projections', 'retry', 'loan-2', '--data', data)).toMatchObject({
    status: 0,
    stdout: 'no such run is waiting: nothing to retry\n',
  })
})
