/** Commands to many runs in turn: how their rate falls with the number of runs, within the memory for their states and beyond it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, type Benchmark, type Figure, inTurn } from './measure.ts'
import type { ActiveRunsJob } from './programs/commands-in-turn.ts'
import { runToEnd } from './support/processes.ts'
import { withStandIn } from './support/stand-in.ts'

/** Each is compared with 100 runs of as many events. `isHeld`: the states of all its runs fit into `serve`'s memory for them. */
type Case = Readonly<{ runs: number; events: number; isHeld: boolean }>

const EMBEDDED: readonly Case[] = [
  { runs: 10_000, events: 20, isHeld: true },
  { runs: 100_000, events: 20, isHeld: false },
  { runs: 10_000, events: 200, isHeld: true },
]
// The stand-in holds its log in memory.
const EVENTSTOREDB: readonly Case[] = [{ runs: 10_000, events: 20, isHeld: true }]
const QUICK: readonly Case[] = [{ runs: 500, events: 20, isHeld: true }]

export const activeRuns: Benchmark = {
  name: 'active-runs',
  run: async (bench) => {
    const figures: Figure[] = []
    for (const one of bench.quick ? QUICK : EMBEDDED)
      figures.push(await measured(bench, one, 'the embedded store', embedded))
    for (const one of bench.quick ? QUICK : EVENTSTOREDB)
      figures.push(await measured(bench, one, 'EventStoreDB', overStandIn))
    return figures
  },
}

type Rate = (bench: Bench, job: Omit<ActiveRunsJob, 'store'>) => Promise<number>

const measured = async (bench: Bench, { runs, events, isHeld }: Case, store: string, rate: Rate): Promise<Figure> => {
  const { warmUpSeconds, seconds } = bench
  const job = { events, warmUpSeconds, seconds, inFlight: 32, stateCacheBytes: SERVE_STATE_CACHE }
  const { many, few } = await inTurn(bench, {
    many: () => rate(bench, { ...job, runs }),
    few: () => rate(bench, { ...job, runs: 100 }),
  })
  return {
    name: `commands to ${runs.toLocaleString('en')} runs of ${events} events in turn, ${store}`,
    unit: 'appends/s',
    ours: many,
    against: { what: '100 runs', values: few },
    goal: { of: 'ratio', is: 'at least', limit: isHeld ? 0.8 : 0.4 },
  }
}

const SERVE_STATE_CACHE = 128 * 1024 * 1024

const rateOf = async (job: ActiveRunsJob): Promise<number> =>
  JSON.parse((await runToEnd(COMMANDS_IN_TURN, JSON.stringify(job))).stdout) as number

const embedded: Rate = async ({ directory }, job) => {
  const place = mkdtempSync(join(directory, 'active-'))
  try {
    return await rateOf({ ...job, store: { kind: 'embedded', path: join(place, 'events.db'), prefix: 'run-' } })
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

const overStandIn: Rate = (_bench, job) =>
  withStandIn((address) => rateOf({ ...job, store: { kind: 'eventstoredb', address, prefix: 'run-' } }))

const COMMANDS_IN_TURN = new URL('./programs/commands-in-turn.ts', import.meta.url)
