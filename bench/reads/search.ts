/** One run read while a hundred clients search for what is hard to find. */
import type { Bench, Benchmark } from '../measure.ts'
import { MAIN, serveArgs, withServer } from '../support/processes.ts'
import { copyOfReference } from '../support/reference.ts'

const CLIENTS = 100
const READS = 2_000

export const search: Benchmark = {
  name: 'search',
  run: async (bench) => {
    const ours: number[] = []
    for (let round = 0; round < bench.rounds; round += 1) ours.push(await oneRound(bench))
    return [
      {
        name: 'GET /runs/{id} while 100 clients search, p99',
        unit: 'ms',
        ours,
        against: null,
        goal: { of: 'value', is: 'at most', limit: 50 },
      },
    ]
  },
}

/** As many terms as there may be, each of which has to be looked at, and none of which is true. */
const HARD = Array.from({ length: 20 }, (_, n) =>
  n % 2 === 0 ? `metadata.none_${n} contains "x${n}"` : `input.amount_requested in (${n}.5, "x", null)`,
).join(' or ')

const QUERIES = [
  `q=${encodeURIComponent(HARD)}&limit=1000`,
  `q=${encodeURIComponent(HARD)}&limit=1000&as_of=2012-02-01T00:00:00Z`,
  `q=${encodeURIComponent(HARD)}&limit=1&count=true`,
]

const oneRound = async (bench: Bench): Promise<number> => {
  const directory = await copyOfReference(bench)
  return withServer(MAIN, serveArgs(directory), async ({ url }) => {
    const { data } = (await (await fetch(`${url}/runs?limit=1`)).json()) as { data: readonly { run_id: string }[] }
    const [{ run_id } = { run_id: '' }] = data
    const leave = new AbortController()
    const clients = Array.from({ length: CLIENTS }, (_, n) =>
      searching(`${url}/runs?${QUERIES[n % QUERIES.length]}`, leave.signal),
    )
    const times: number[] = []
    for (let n = 0; n < (bench.quick ? READS / 10 : READS); n += 1) {
      const began = performance.now()
      const answer = await fetch(`${url}/runs/${run_id}`)
      await answer.arrayBuffer()
      if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`)
      times.push(performance.now() - began)
    }
    leave.abort()
    await Promise.allSettled(clients)
    return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN
  })
}

/** Searches on and on; whoever is refused, because too many wait, comes again as it was told. */
const searching = async (url: string, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const answer = await fetch(url, { signal })
    await answer.arrayBuffer()
    if (answer.status === 503) await new Promise((resolve) => setTimeout(resolve, 1_000))
    else if (!answer.ok && answer.status !== 422) throw new Error(`${url} answered ${answer.status}`)
  }
}
