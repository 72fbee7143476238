/** A ledger that has taken in the loan applications: what floors copy their rows from, and what reads are measured on. */
import { constants, cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Bench } from '../measure.ts'
import { loanLines } from './data.ts'
import type { Stores } from './pages.ts'
import { MAIN, runToEnd } from './processes.ts'

/** Imports the loan applications, `times` as many, once in a run: its benchmarks share it, and leave it as it is. */
export const referenceLedger = async (bench: Bench, times = 1): Promise<string> => {
  const directory = join(bench.shared, `reference-${times}`)
  if (existsSync(directory)) return directory
  const file = await loanLines(bench, times)
  bench.say(`imports the loan applications${times === 1 ? '' : `, ${times} times`}`)
  await runToEnd(MAIN, 'import', file, '--data', directory)
  return directory
}

/** A copy of it for a benchmark that changes it. */
export const copyOfReference = async (bench: Bench, times = 1): Promise<string> => {
  const directory = join(bench.directory, `copy-${times}`)
  if (existsSync(directory)) return directory
  cpSync(await referenceLedger(bench, times), directory, { recursive: true, mode: constants.COPYFILE_FICLONE })
  return directory
}

/** Its files, by their names in a ledger's directory. */
export const filesOf = (directory: string) => ({
  log: join(directory, 'events.db'),
  readModel: join(directory, 'read-model.db'),
})

/** The flags that name its stores, and where its read model is. */
export const storesOf = (directory: string): Stores => ({
  stores: ['--data', directory],
  readModel: filesOf(directory).readModel,
})

/** The first row that `sql` finds in a read model: what a benchmark is to ask for. */
export const rowOf = (readModel: string, sql: string, ...parameters: readonly SQLInputValue[]): readonly string[] => {
  const db = new DatabaseSync(readModel, { readOnly: true })
  const row = db.prepare(sql).get(...parameters)
  db.close()
  return Object.values(row ?? {}).map(String)
}
