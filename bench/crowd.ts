/** Reads and commands while a crowd replays the whole ledger: streams from its start, exports, and batches of commands at once. */
import type { Bench, Benchmark, Figure } from './measure.ts'
import { madeUpLines } from './support/made-up-runs.ts'
import { MAIN, peakOf, serveArgs, withServer } from './support/processes.ts'
import { copyOfReference } from './support/reference.ts'

const STREAMS = 100
const EXPORTS = 32
const BATCHES = 20
const LINES_A_BATCH = 10_000

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
    let isOver = false
    const over = batches.finally(() => {
      isOver = true
    })
    const reads: number[] = []
    const commands: number[] = []
    const { data } = (await (await fetch(`${url}/runs?limit=1`)).json()) as { data: readonly { run_id: string }[] }
    const [{ run_id } = { run_id: '' }] = data
    const ask = async (times: number[], request: () => Promise<Response>): Promise<void> => {
      while (!isOver) {
        const began = performance.now()
        const answer = await request()
        await answer.arrayBuffer()
        if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`)
        times.push(performance.now() - began)
      }
    }
    await Promise.all([
      over,
      ask(reads, () => fetch(`${url}/runs/${run_id}`)),
      ask(commands, () => fetch(`${url}/runs`, CREATE)),
    ])
    const peakMiB = peakOf(pid) ?? Number.NaN
    leave.abort()
    await Promise.allSettled(all)
    return { read: percentile99(reads), command: percentile99(commands), peakMiB }
  })
}

const CREATE = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"policy_version_id":"crowd"}',
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

const percentile99 = (times: readonly number[]): number =>
  [...times].sort((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? Number.NaN
