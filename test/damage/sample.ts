/** A ledger of every kind of run, as a killed process leaves it: half of it in the write-ahead logs. */
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { changeRun, completeRun, createRun, startRun } from '../support/commands.ts'
import { openLedgerAt } from '../support/ledger-on-disk.ts'
import { testDirectory } from '../support/stores.ts'

export const RUNS = Array.from({ length: 24 }, (_, n) => `run-${n}`)
export const GROUPS = ['monday', 'tuesday']
export const POLICIES = ['loan-policy-1', 'loan-policy-2']

const begin = (run: string, n: number) => [
  createRun(run, {
    policy_version_id: POLICIES[n % 2] ?? '',
    ...(n % 3 === 2 ? {} : { run_group_id: GROUPS[n % 3] ?? '' }),
    input_data: { amount: 1_000 * n, note: `applicant ${n} `.repeat(n % 5 === 0 ? 200 : 1) },
    run_metadata: { channel: n % 2 === 0 ? 'web' : 'branch', score: 600 + n },
    reason: `first look at ${run}`,
  }),
  startRun(run, { actor: `desk-${n % 3}` }),
  changeRun(run, 'IN_REVIEW', { run_metadata: { reviewer: `desk-${n % 4}`, score: null } }),
]

const end = (run: string, n: number) => [
  changeRun(run, 'SCORED', { run_metadata: { score: 700 + n }, reason: 'looked twice' }),
  completeRun(run, { status: n % 4 === 0 ? 'FAILURE' : 'SUCCESS', ...(n % 4 === 0 ? {} : { result: 'APPROVED' }) }),
]

/** Makes the ledger, and returns the directory of its files. */
export const sampleLedger = async (): Promise<string> => {
  const directory = testDirectory()
  const first = await openLedgerAt(directory)
  await first.take(RUNS.flatMap(begin))
  await first.close()
  const second = await openLedgerAt(directory)
  await second.take(RUNS.slice(0, 16).flatMap(end))
  const killed = join(testDirectory(), 'ledger')
  cpSync(directory, killed, { recursive: true })
  await second.close()
  for (const name of readdirSync(killed)) if (/-shm$|\.lock/.test(name)) rmSync(join(killed, name))
  return killed
}
