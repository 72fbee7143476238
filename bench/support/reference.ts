/** A ledger that has taken in the loan applications: what floors copy their rows from, and what reads are measured on. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../measure.ts'
import { loanLines } from './data.ts'
import { MAIN, runToEnd } from './processes.ts'

/** Imports the loan applications, `times` as many, into this benchmark's directory, once. */
export const referenceLedger = async (bench: Bench, times = 1): Promise<string> => {
  const directory = join(bench.directory, `reference-${times}`)
  if (existsSync(directory)) return directory
  const file = await loanLines(bench, times)
  bench.say('imports the loan applications')
  await runToEnd(MAIN, 'import', file, '--data', directory)
  return directory
}
