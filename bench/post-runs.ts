/** `POST /runs` over 64 connections, durable, with the projector off and on, beside fastify, zod and a group commit. */
import { type Bench, type Benchmark, type Figure, inTurn } from './measure.ts'
import type { Load } from './programs/load.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { growthOf, watchLag } from './support/lag.ts'
import { load, MAIN, serveArgs, withServer } from './support/processes.ts'
import { CREATE } from './support/requests.ts'

const CONNECTIONS = 64

export const postRuns: Benchmark = {
  name: 'post-runs',
  run: async (bench) => {
    const { off, on, floor } = await inTurn(bench, {
      off: () => inFreshDirectory(bench, (directory) => withServer(WITHOUT_PROJECTOR, [directory], post(bench))),
      on: () =>
        inFreshDirectory(bench, (directory) => withServer(MAIN, serveArgs(directory), lagging(bench, directory))),
      floor: () => inFreshDirectory(bench, (directory) => withServer(FLOOR, [directory], post(bench))),
    })
    const against = (what: string, of: keyof Load) => ({ what, values: floor.map((one) => one[of]) })
    return [
      rateFigure('POST /runs, projector off', off, floor, 0.7),
      {
        name: 'POST /runs, projector off: p99',
        unit: 'ms',
        ours: off.map(({ p99 }) => p99),
        against: against('fastify + zod + group commit', 'p99'),
        goal: { of: 'ratio', is: 'at most', limit: 2 },
      },
      rateFigure('POST /runs, projector on', on, floor, 0.55),
      {
        name: 'POST /runs, projector on: p99',
        unit: 'ms',
        ours: on.map(({ p99 }) => p99),
        against: against('fastify + zod + group commit', 'p99'),
        goal: null,
      },
      ...lagFigures(on),
    ]
  },
}

const FLOOR = new URL('./floors/post-runs-floor.ts', import.meta.url)
const WITHOUT_PROJECTOR = new URL('./programs/serve-without-projector.ts', import.meta.url)

const post =
  ({ warmUpSeconds, seconds }: Bench) =>
  ({ url }: { url: string }): Promise<Load> =>
    load({ url, connections: CONNECTIONS, warmUpSeconds, seconds, requests: [CREATE] })

type Lagging = Load & Readonly<{ greatestLag: number; lagGrowth: number }>

const lagging =
  (bench: Bench, directory: string) =>
  async (server: { url: string }): Promise<Lagging> => {
    const watch = watchLag(directory)
    const measured = await post(bench)(server)
    const samples = watch.stop().filter(({ at }) => at > bench.warmUpSeconds * 1000)
    return { ...measured, greatestLag: Math.max(...samples.map(({ lag }) => lag)), lagGrowth: growthOf(samples) }
  }

const rateFigure = (name: string, ours: readonly Load[], floor: readonly Load[], limit: number): Figure => ({
  name,
  unit: 'requests/s',
  ours: ours.map(({ perSecond }) => perSecond),
  against: { what: 'fastify + zod + group commit', values: floor.map(({ perSecond }) => perSecond) },
  goal: { of: 'ratio', is: 'at least', limit },
})

/** Bounded: it does not grow by more than a hundredth of what is appended. */
const lagFigures = (on: readonly Lagging[]): readonly Figure[] => [
  {
    name: 'lag of the read model meanwhile: greatest',
    unit: 'events',
    ours: on.map(({ greatestLag }) => greatestLag),
    against: null,
    goal: null,
  },
  {
    name: 'lag of the read model meanwhile: growth',
    unit: 'events/s',
    ours: on.map(({ lagGrowth }) => lagGrowth),
    against: { what: 'appended', values: on.map(({ perSecond }) => perSecond) },
    goal: { of: 'ratio', is: 'at most', limit: 0.01 },
  },
]
