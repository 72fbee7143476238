/** Fills a store with runs, then sends each of them a command in turn: `node commands-in-turn.ts <job as JSON>` prints its rate. */
import { randomUUID } from 'node:crypto'
import type { EventStoreConfig } from '../../src/event-store/config.ts'
import { openEventStore } from '../../src/event-store/open.ts'
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts'
import type { CommandContext, RunCommand } from '../../src/run/commands.ts'
import { timeOf } from '../../src/run/time.ts'

export type ActiveRunsJob = Readonly<{
  store: EventStoreConfig
  runs: number
  /** How many events each has before the first command that counts. */
  events: number
  inFlight: number
  stateCacheBytes: number
  warmUpSeconds: number
  seconds: number
}>

const main = async (job: ActiveRunsJob): Promise<number> => {
  const opened = await openEventStore(job.store, 'write')()
  if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))
  const ledger = createLedger(opened.right, { stateCacheBytes: job.stateCacheBytes })
  await fill(ledger, job)
  const rate = await commandsInTurn(ledger, job)
  await opened.right.close()
  return rate
}

const RUNS_AT_ONCE = 200

const fill = async (ledger: Ledger, { runs, events }: ActiveRunsJob): Promise<void> => {
  for (let first = 0; first < runs; first += RUNS_AT_ONCE) {
    const some = Array.from({ length: Math.min(RUNS_AT_ONCE, runs - first) }, (_, n) => first + n)
    for (const answer of await ledger.executeBatch(some.flatMap((run) => historyOf(run, events))))
      if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left))
  }
}

const historyOf = (run: number, events: number): readonly RunCommand[] => [
  {
    ...contextOf(run),
    command: 'create',
    policy_version_id: 'personal-loan-2011',
    input_data: { amount_requested: 20_000, currency: 'EUR' },
    run_metadata: { source: 'bench' },
  },
  { ...contextOf(run), command: 'start' },
  ...Array.from({ length: events - 2 }, () => changeOf(run)),
]

const changeOf = (run: number): RunCommand => ({ ...contextOf(run), command: 'change_status', status: 'IN_REVIEW' })

/** Commands a second. */
const commandsInTurn = async (ledger: Ledger, job: ActiveRunsJob): Promise<number> => {
  const begin = performance.now() + job.warmUpSeconds * 1000
  const end = begin + job.seconds * 1000
  let next = 0
  let done = 0
  const work = async (): Promise<void> => {
    for (let now = 0; now < end; now = performance.now()) {
      const run = next
      next = (next + 1) % job.runs
      const answer = await ledger.execute(changeOf(run))()
      if (answer._tag === 'Left') throw new Error(JSON.stringify(answer.left))
      if (performance.now() >= begin) done += 1
    }
  }
  await Promise.all(Array.from({ length: job.inFlight }, work))
  return done / job.seconds
}

const contextOf = (run: number): CommandContext => {
  const command_id = randomUUID()
  return {
    run_id: `application-${run}`,
    command_id,
    command_id_is_new: false,
    actor: 'intake',
    recorded_by: { principal: null, via: 'http' },
    correlation_id: command_id,
    received_at: timeOf(Date.now()),
  }
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as ActiveRunsJob)))
