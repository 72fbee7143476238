/** The ledger over EventStoreDB, beside the bare client over the same stand-in in a process of its own. */
import { type Bench, type Benchmark, type Figure, inTurn } from './measure.ts'
import type { AppendsJob, Rates } from './support/in-flight.ts'
import { runToEnd } from './support/processes.ts'
import { filesOf, referenceLedger } from './support/reference.ts'
import { fill, withStandIn } from './support/stand-in.ts'

const IN_FLIGHT = [1, 32, 128] as const

export const eventStoreDb: Benchmark = {
  name: 'eventstoredb',
  run: async (bench) => [...(await appends(bench)), await catchUp(bench)],
}

const appends = async (bench: Bench): Promise<readonly Figure[]> => {
  const run = (script: URL) =>
    withStandIn(async (address) => {
      const { warmUpSeconds, seconds } = bench
      const job: AppendsJob = { address, inFlight: IN_FLIGHT, warmUpSeconds: warmUpSeconds / 2, seconds: seconds / 2 }
      return JSON.parse((await runToEnd(script, JSON.stringify(job))).stdout) as Rates
    })
  const { ours, floor } = await inTurn(bench, {
    ours: () => run(THROUGH_LEDGER),
    floor: () => run(APPENDS_FLOOR),
  })
  const ratesAt = (rates: readonly Rates[], inFlight: number) => rates.map((each) => each[inFlight] ?? Number.NaN)
  return IN_FLIGHT.map((inFlight) => ({
    name: `appends to EventStoreDB, ${inFlight} in flight`,
    unit: 'appends/s',
    ours: ratesAt(ours, inFlight),
    against: { what: 'the bare client', values: ratesAt(floor, inFlight) },
    goal: { of: 'ratio', is: 'at least', limit: 0.95 },
  }))
}

const catchUp = async (bench: Bench): Promise<Figure> => {
  const { log } = filesOf(await referenceLedger(bench))
  return withStandIn(async (address) => {
    bench.say('fills the stand-in')
    const events = await fill(address, log)
    const rate = async (script: URL) => JSON.parse((await runToEnd(script, address, String(events))).stdout) as number
    const { decoded, bare } = await inTurn(bench, { decoded: () => rate(DECODED), bare: () => rate(CATCH_UP_FLOOR) })
    return {
      name: 'catching up with EventStoreDB, decoded',
      unit: 'events/s',
      ours: decoded,
      against: { what: "the bare client's subscription", values: bare },
      goal: { of: 'ratio', is: 'at least', limit: 0.9 },
    }
  })
}

const THROUGH_LEDGER = new URL('./programs/appends-through-ledger.ts', import.meta.url)
const APPENDS_FLOOR = new URL('./floors/appends-floor.ts', import.meta.url)
const DECODED = new URL('./programs/catch-up-decoded.ts', import.meta.url)
const CATCH_UP_FLOOR = new URL('./floors/catch-up-floor.ts', import.meta.url)
