/** `POST /runs` over 64 connections, durable, with the projector off: with metrics beside the same without. */
import { type Benchmark, inTurn } from './measure.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { load, withServer } from './support/processes.ts'
import { CREATE } from './support/requests.ts'

export const metrics: Benchmark = {
  name: 'metrics',
  run: async (bench) => {
    const { warmUpSeconds, seconds } = bench
    const measured = (...args: readonly string[]) =>
      inFreshDirectory(bench, (directory) =>
        withServer(SERVER, [directory, ...args], ({ url }) =>
          load({ url, connections: 64, warmUpSeconds, seconds, requests: [CREATE] }),
        ),
      )
    const { without, measuring } = await inTurn(bench, {
      without: () => measured(),
      measuring: () => measured('--metrics'),
    })
    return [
      {
        name: 'POST /runs with metrics',
        unit: 'requests/s',
        ours: measuring.map(({ perSecond }) => perSecond),
        against: { what: 'without metrics', values: without.map(({ perSecond }) => perSecond) },
        goal: { of: 'ratio', is: 'at least', limit: 0.97 },
      },
    ]
  },
}

const SERVER = new URL('./programs/serve-without-projector.ts', import.meta.url)
