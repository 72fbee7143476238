/** The p99 of other requests while a rebuild runs in the server, and without it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type Benchmark, inTurn } from './measure.ts'
import type { Load } from './programs/load.ts'
import type { Request } from './support/connection.ts'
import { type Loading, MAIN, serveArgs, startLoad, withServer } from './support/processes.ts'
import { copyOfReference } from './support/reference.ts'
import { CREATE, readsOfRuns } from './support/requests.ts'

/** A steady load, far from what the server could take: it is the stalls that are looked for. */
const RATE = 400
const CONNECTIONS = 16
/** A rebuild of ten times the loan applications takes a minute. */
const MOST_ROUNDS = 2

export const rebuildInServer: Benchmark = {
  name: 'rebuild-in-server',
  run: async (bench) => {
    // Ten times the loan applications take long enough to rebuild.
    const reference = await copyOfReference(bench, 10)
    const requests = await mixed(bench)
    const serve = (flags: readonly string[], use: (url: string) => Promise<Load>): Promise<Load> =>
      withServer(MAIN, [...serveArgs(reference), ...flags], ({ url }) => use(url))
    const rounds = Math.min(bench.rounds, MOST_ROUNDS)
    const { rebuilding, without } = await inTurn(
      { ...bench, rounds },
      {
        rebuilding: () => serve(['--rebuild'], (url) => untilRebuilt(bench, url, requests)),
        without: () => serve([], (url) => steadily(bench, url, requests, bench.seconds).done),
      },
    )
    return [
      {
        name: 'p99 of other requests while a rebuild runs in the server',
        unit: 'ms',
        ours: rebuilding.map(({ p99 }) => p99),
        against: { what: 'without a rebuild', values: without.map(({ p99 }) => p99) },
        goal: { of: 'value', is: 'at most', limit: 50 },
      },
      {
        name: 'slowest of other requests while a rebuild runs in the server',
        unit: 'ms',
        ours: rebuilding.map(({ max }) => max),
        against: { what: 'without a rebuild', values: without.map(({ max }) => max) },
        goal: null,
      },
    ]
  },
}

/** Reads of runs, and every eighth a page or a new run. */
const mixed = async (bench: Bench): Promise<readonly Request[]> => {
  const reads = (await readsOfRuns(bench)).map(({ path, ...read }) => ({ ...read, path: path.concat('.0') }))
  const page: Request = { method: 'GET', path: '/runs?status=SUCCESS&limit=20' }
  return reads.flatMap((read, at) => [read, ...(at % 7 === 0 ? [at % 2 === 0 ? page : CREATE] : [])])
}

const steadily = ({ warmUpSeconds }: Bench, url: string, requests: readonly Request[], seconds: number): Loading =>
  startLoad({ url, connections: CONNECTIONS, warmUpSeconds, seconds, requests, rate: RATE })

const LONGEST_SECONDS = 600
const AFTERWARDS_MS = 1000

/** To a moment past the end of the rebuild, since indexes, switch and clearing up come last. */
const untilRebuilt = async (bench: Bench, url: string, requests: readonly Request[]): Promise<Load> => {
  const { done, end } = steadily(bench, url, requests, LONGEST_SECONDS)
  await sleep(bench.warmUpSeconds * 1000)
  if (!bench.quick && !(await isRebuilding(url))) throw new Error('the rebuild was over before the load had warmed up')
  while (await isRebuilding(url)) await sleep(200)
  await sleep(AFTERWARDS_MS)
  end()
  return done
}

const isRebuilding = async (url: string): Promise<boolean> => {
  const answer = await fetch(`${url}/projections`)
  const { data } = (await answer.json()) as { data: readonly { rebuilding: boolean }[] }
  return data.some(({ rebuilding }) => rebuilding)
}
