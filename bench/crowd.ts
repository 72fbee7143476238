/** Reads and commands while a crowd replays the whole ledger: streams from its start, exports, and batches of commands at once. */
import type { Bench, Benchmark, Figure } from './measure.ts'
import { madeUpLines } from './support/made-up-runs.ts'
import { MAIN, peakOf, serveArgs, startLoad, withServer } from './support/processes.ts'
import { copyOfReference } from './support/reference.ts'
import { CREATE } from './support/requests.ts'

const STREAMS = 100
const EXPORTS = 32
const BATCHES = 20
const LINES_A_BATCH = 10_000
/** Reads, and as many commands. */
const A_SECOND = 25
/** They end with the last batch. */
const LONGEST_SECONDS = 600

type Times = Readonly<{ read: number; command: number; peakMiB: number }>

export const crowd: Benchmark = {
  name: 'crowd',
  run: async (bench) => {
    const times: Times[] = []
    for (let round = 0; round < bench.rounds; round += 1) times.push(await oneRound(bench))
    return [
      figure(
        'GET /runs/{id} in a crowd, p99',
        'ms',
        times.map(({ read }) => read),
        100,
      ),
      figure(
        'POST /runs in a crowd, p99',
        'ms',
        times.map(({ command }) => command),
        1_000,
      ),
      figure(
        'peak memory in a crowd',
        'MiB',
        times.map(({ peakMiB }) => peakMiB),
        600,
      ),
    ]
  },
}

const figure = (name: string, unit: Figure['unit'], ours: readonly number[], limit: number): Figure => ({
  name,
  unit,
  ours,
  against: null,
  goal: { of: 'value', is: 'at most', limit },
})

const oneRound = async (bench: Bench): Promise<Times> => {
  const directory = await copyOfReference(bench)
  return withServer(MAIN, serveArgs(directory), async ({ url, pid }) => {
    const leave = new AbortController()
    const all = [
      ...Array.from({ length: STREAMS }, () => drain(`${url}/stream?from=start`, leave.signal)),
      ...Array.from({ length: EXPORTS }, () => drain(`${url}/audit?format=ndjson`, leave.signal)),
    ]
    const batches = Promise.all(batchesOf().map((body) => sendBatch(url, body)))
    const { data } = (await (await fetch(`${url}/runs?limit=1`)).json()) as { data: readonly { run_id: string }[] }
    // By processes of their own: this one is busy with taking what the crowd asks for.
    const loads = [{ method: 'GET', path: `/runs/${data[0]?.run_id}` }, CREATE].map((request) =>
      startLoad({
        url,
        connections: 16,
        warmUpSeconds: 0,
        seconds: LONGEST_SECONDS,
        requests: [request],
        rate: A_SECOND,
      }),
    )
    await batches
    for (const { end } of loads) end()
    const [reads, commands] = await Promise.all(loads.map(({ done }) => done))
    const peakMiB = peakOf(pid) ?? Number.NaN
    leave.abort()
    await Promise.allSettled(all)
    return { read: reads?.p99 ?? Number.NaN, command: commands?.p99 ?? Number.NaN, peakMiB }
  })
}

const batchesOf = (): readonly string[] => {
  const lines = madeUpLines()
  return Array.from({ length: BATCHES }, (_, batch) =>
    Array.from({ length: LINES_A_BATCH }, (_line, n) => lines[(batch * LINES_A_BATCH + n) % lines.length]).join('\n'),
  )
}

const sendBatch = async (url: string, body: string): Promise<void> => {
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = await fetch(`${url}/commands`, { method: 'POST', headers, body })
  await answer.arrayBuffer()
}

/** Takes an answer as fast as it comes, until its end or `signal`. */
const drain = async (url: string, signal: AbortSignal): Promise<void> => {
  const answer = await fetch(url, { signal })
  for await (const _part of answer.body ?? []) if (signal.aborted) return
}
