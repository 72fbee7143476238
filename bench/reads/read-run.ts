/** `GET /runs/{run_id}` over 64 connections, beside fastify sending one row's stored text. */
import { type Bench, type Benchmark, inTurn } from '../measure.ts'
import type { Load } from '../programs/load.ts'
import { inFreshDirectory } from '../support/fresh-directory.ts'
import { load, MAIN, serveArgs, withServer } from '../support/processes.ts'
import { referenceLedger } from '../support/reference.ts'
import { readsOfRuns } from '../support/requests.ts'

export const readRun: Benchmark = {
  name: 'read-run',
  run: async (bench) => {
    const reference = await referenceLedger(bench)
    const get = await readRuns(bench)
    const { ours, floor } = await inTurn(bench, {
      ours: () => withServer(MAIN, serveArgs(reference), get),
      floor: () => inFreshDirectory(bench, (directory) => withServer(FLOOR, [reference, directory], get)),
    })
    return [
      {
        name: 'GET /runs/{run_id}',
        unit: 'requests/s',
        ours: ours.map(({ perSecond }) => perSecond),
        against: { what: "fastify sending a row's text", values: floor.map(({ perSecond }) => perSecond) },
        goal: { of: 'ratio', is: 'at least', limit: 0.8 },
      },
      {
        name: 'GET /runs/{run_id}: p99',
        unit: 'ms',
        ours: ours.map(({ p99 }) => p99),
        against: { what: "fastify sending a row's text", values: floor.map(({ p99 }) => p99) },
        goal: null,
      },
    ]
  },
}

const FLOOR = new URL('../floors/read-run-floor.ts', import.meta.url)

const readRuns = async (bench: Bench) => {
  const { warmUpSeconds, seconds } = bench
  const requests = await readsOfRuns(bench)
  return ({ url }: { url: string }): Promise<Load> => load({ url, connections: 64, warmUpSeconds, seconds, requests })
}
