/** A ledger of a million runs, whose read model the projector makes. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from '../../src/run/event-codec.ts'
import type { RunEvent } from '../../src/run/events.ts'
import { timeOf } from '../../src/run/time.ts'
import { insertInto, openLog } from '../floors/ledger-rows.ts'
import type { Bench } from '../measure.ts'
import { MAIN, runToEnd } from './processes.ts'

/** Every run is PENDING, and later CANCELLED or, as most, FAILURE. */
export const MOST_HAVE = 'FAILURE'

/** `stores`: the flags that name them. */
type MillionRuns = Readonly<{ stores: readonly string[]; readModel: string }>

/** The log is kept from one time to the next; its read model is made anew, by the projector as it is now. */
export const millionRuns = async (bench: Bench): Promise<MillionRuns> => {
  const runs = bench.quick ? 20_000 : 1_000_000
  const directory = join(bench.cache, `${runs}-runs`)
  const log = join(directory, 'events.db')
  if (!existsSync(log)) {
    bench.say(`makes ${runs} runs`)
    // What a run that was cut off has begun.
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true })
    makeLog(`${log}.new`, runs)
    renameSync(`${log}.new`, log)
  }
  const readModel = join(bench.directory, 'read-model.db')
  const stores = ['--event-store', `embedded:${log}`, '--read-model', `sqlite:${readModel}`]
  bench.say('projects them')
  await runToEnd(MAIN, 'projections', 'rebuild', ...stores)
  return { stores, readModel }
}

const RUNS_A_TRANSACTION = 10_000
const BEGIN = Date.UTC(2020, 0, 1)
const APART_MS = 97_000

/** Straight into the log, since a million commands would take longer than all that is measured. */
const makeLog = (path: string, runs: number): void => {
  const log = openLog(path, 'write')
  const insert = insertInto(log, 'events', 8)
  let position = 0
  const store = (event: RunEvent, revision: number): void => {
    position += 1
    const { type, data, metadata } = encode(event)
    const { command_id } = event.metadata
    const { run_id, occurred_at } = event.data
    insert.run(position, `run-${run_id}`, revision, command_id, type, occurred_at, data, metadata)
  }
  for (let from = 0; from < runs; from += RUNS_A_TRANSACTION) {
    log.exec('BEGIN')
    for (let run = from; run < from + RUNS_A_TRANSACTION; run += 1)
      for (const [revision, event] of eventsOf(run).entries()) store(event, revision)
    log.exec('COMMIT')
  }
  log.close()
}

const eventsOf = (run: number): readonly RunEvent[] => {
  const run_id = `application-${10_000_000 + run}`
  const created_at = timeOf(BEGIN + run * APART_MS)
  const created: RunEvent = {
    type: 'RunCreated',
    data: {
      run_id,
      run_group_id: `applications-${created_at.slice(0, 10)}`,
      policy_version_id: `personal-loan-${3 + (run % 4)}`,
      input_data: { amount_requested: 500 * (1 + (run % 97)), currency: 'EUR', term_months: 12 * (1 + (run % 6)) },
      run_metadata: { channel: run % 3 === 0 ? 'branch' : 'web' },
      occurred_at: created_at,
    },
    metadata: metadataOf(run_id, 0),
  }
  if (run % 10 < 3) return [created]
  const completed: RunEvent = {
    type: 'RunCompleted',
    data: {
      run_id,
      status: run % 10 < 5 ? 'CANCELLED' : MOST_HAVE,
      result: null,
      occurred_at: timeOf(BEGIN + run * APART_MS + 60_000),
    },
    metadata: metadataOf(run_id, 1),
  }
  return [created, completed]
}

const metadataOf = (run_id: string, revision: number): RunEvent['metadata'] => ({
  schema_version: 1,
  command_id: `${run_id}/${revision}`,
  actor: 'intake',
  recorded_by: { principal: null, via: 'import' },
  occurred_at_from: 'caller',
  $correlationId: run_id,
  $causationId: `${run_id}/${revision}`,
})
