/** From a command's answer to its run in the read model, at half of the greatest load. */
import { type Bench, type Benchmark, inTurn, medianOf } from './measure.ts'
import type { Load } from './programs/load.ts'
import type { ProbeJob, Visibility } from './programs/visibility-probe.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { load, MAIN, runToEnd, serveArgs, withServer } from './support/processes.ts'
import { CREATE } from './support/requests.ts'

const CONNECTIONS = 64

export const visibility: Benchmark = {
  name: 'visibility',
  run: async (bench) => {
    const greatest = await inTurn(bench, { 'greatest load': () => serving(bench, (url) => post(bench, url)) })
    const rate = Math.round(medianOf(greatest['greatest load'].map(({ perSecond }) => perSecond)) / 2)
    const half = await inTurn(bench, { 'half load': () => serving(bench, (url) => probe(bench, url, rate)) })
    const found = half['half load']
    return [
      {
        name: 'answered → visible in the read model, at half load: p99',
        unit: 'ms',
        ours: found.map(({ p99 }) => p99),
        against: null,
        goal: { of: 'value', is: 'at most', limit: 50 },
      },
      {
        name: 'answered → visible in the read model, at half load: median',
        unit: 'ms',
        ours: found.map(({ p50 }) => p50),
        against: null,
        goal: null,
      },
      {
        name: 'the load meanwhile',
        unit: 'requests/s',
        ours: found.map(({ perSecond }) => perSecond),
        against: { what: 'greatest', values: greatest['greatest load'].map(({ perSecond }) => perSecond) },
        goal: null,
      },
    ]
  },
}

const PROBE = new URL('./programs/visibility-probe.ts', import.meta.url)

const serving = <Result>(bench: Bench, use: (url: string) => Promise<Result>): Promise<Result> =>
  inFreshDirectory(bench, (directory) => withServer(MAIN, serveArgs(directory), ({ url }) => use(url)))

const post = ({ warmUpSeconds, seconds }: Bench, url: string, rate?: number): Promise<Load> =>
  load({
    url,
    connections: CONNECTIONS,
    warmUpSeconds,
    seconds,
    requests: [CREATE],
    ...(rate === undefined ? {} : { rate }),
  })

/** Probes begin once the load has warmed up, and end with it. */
const probe = async (bench: Bench, url: string, rate: number): Promise<Visibility & { perSecond: number }> => {
  const loading = post(bench, url, rate)
  await new Promise((resolve) => setTimeout(resolve, bench.warmUpSeconds * 1000))
  const job: ProbeJob = { url, seconds: bench.seconds, create: CREATE }
  const { stdout } = await runToEnd(PROBE, JSON.stringify(job))
  const { perSecond } = await loading
  return { ...(JSON.parse(stdout) as Visibility), perSecond }
}
