/** `GET /runs/{run_id}/events` and `/replay` over 64 connections, beside fastify sending the same bytes from one read. */
import type { TrailFloorOptions } from '../floors/run-trail-floor.ts'
import { type Bench, type Benchmark, type Figure, inTurn } from '../measure.ts'
import type { Load } from '../programs/load.ts'
import { inFreshDirectory } from '../support/fresh-directory.ts'
import { load, MAIN, serveArgs, withServer } from '../support/processes.ts'
import { filesOf, referenceLedger } from '../support/reference.ts'
import { readsOfRuns } from '../support/requests.ts'

const ROUTES = ['events', 'replay'] as const

export const runTrail: Benchmark = {
  name: 'run-trail',
  run: async (bench) => {
    const reference = await referenceLedger(bench)
    const runs = (await readsOfRuns(bench)).map(({ path }) => path)
    const options = (directory: string): TrailFloorOptions => ({
      readModel: filesOf(reference).readModel,
      directory,
      runs: runs.map((path) => path.replace('/runs/', '')),
    })
    const serveOurs = <Result>(use: (url: string) => Promise<Result>) =>
      withServer(MAIN, serveArgs(reference), ({ url }) => use(url))
    const serveFloor = <Result>(use: (url: string) => Promise<Result>) =>
      inFreshDirectory(bench, (directory) =>
        withServer(FLOOR, [JSON.stringify(options(directory))], ({ url }) => use(url)),
      )
    await serveOurs((ours) => serveFloor((floor) => sameBytes(ours, floor, runs)))
    const { ours, floor } = await inTurn(bench, {
      ours: () => serveOurs((url) => loads(bench, url, runs)),
      floor: () => serveFloor((url) => loads(bench, url, runs)),
    })
    return ROUTES.map(
      (route): Figure => ({
        name: `GET /runs/{run_id}/${route}`,
        unit: 'requests/s',
        ours: ours.map((one) => one[route].perSecond),
        against: {
          what: "fastify sending the same bytes from one read of the run's events",
          values: floor.map((one) => one[route].perSecond),
        },
        goal: { of: 'ratio', is: 'at least', limit: 0.7 },
      }),
    )
  },
}

const FLOOR = new URL('../floors/run-trail-floor.ts', import.meta.url)

/** All of a run in one page: none has more events. */
const pathOf = (run: string, route: (typeof ROUTES)[number]): string => `${run}/${route}?limit=1000`

const loads = async (
  bench: Bench,
  url: string,
  runs: readonly string[],
): Promise<Readonly<Record<(typeof ROUTES)[number], Load>>> => {
  const half = { warmUpSeconds: bench.warmUpSeconds / 2, seconds: bench.seconds / 2 }
  const of = (route: (typeof ROUTES)[number]) =>
    load({
      url,
      connections: 64,
      ...half,
      requests: runs.map((run) => ({ method: 'GET', path: pathOf(run, route) })),
    })
  return { events: await of('events'), replay: await of('replay') }
}

/** Both sides must send the same, or they cannot be compared. */
const sameBytes = async (ours: string, floor: string, runs: readonly string[]): Promise<void> => {
  for (const run of runs.slice(0, 20))
    for (const route of ROUTES) {
      const [answer, compared] = await Promise.all(
        [ours, floor].map(async (url) => (await fetch(url + pathOf(run, route))).text()),
      )
      if (answer !== compared) throw new Error(`the floor of ${pathOf(run, route)} sends something else`)
    }
}
