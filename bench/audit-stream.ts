/** All entries as NDJSON: entries a second, and the server's memory where one answer has ten times as many. */
import { get } from 'node:http'
import { type Benchmark, inTurn } from './measure.ts'
import { MAIN, peakOf, runToEnd, serveArgs, withServer } from './support/processes.ts'
import { filesOf, referenceLedger } from './support/reference.ts'

const TIMES = 10
const MOST_ROUNDS = 3

export const auditStream: Benchmark = {
  name: 'audit-stream',
  run: async (bench) => {
    const one = await referenceLedger(bench)
    const many = await referenceLedger(bench, TIMES)
    const rounds = Math.min(bench.rounds, MOST_ROUNDS)
    const { ours, floor, tenTimes } = await inTurn(
      { ...bench, rounds },
      {
        ours: () => streamed(one, TIMES),
        floor: () => read(one),
        tenTimes: () => streamed(many, 1),
      },
    )
    const rates = ours.map(({ perSecond }) => perSecond)
    return [
      {
        name: 'all entries as NDJSON',
        unit: 'entries/s',
        ours: rates,
        against: { what: 'bare read and stringify of the same rows', values: floor },
        goal: { of: 'ratio', is: 'at least', limit: 0.6 },
      },
      {
        name: 'all entries as NDJSON, ten times the runs',
        unit: 'entries/s',
        ours: tenTimes.map(({ perSecond }) => perSecond),
        against: { what: 'at the loan applications', values: rates },
        goal: null,
      },
      {
        name: 'peak memory of the server meanwhile, ten times the runs',
        unit: 'MiB',
        ours: tenTimes.map(({ peakMiB }) => peakMiB),
        against: { what: 'ten answers of the loan applications', values: ours.map(({ peakMiB }) => peakMiB) },
        goal: { of: 'ratio', is: 'at most', limit: 1.2 },
      },
    ]
  },
}

const FLOOR = new URL('./floors/entries-floor.ts', import.meta.url)

/** One answer after another: V8 lets the heap of a server grow with all that it has done, however short its answers. */
const streamed = (ledger: string, answers: number) =>
  withServer(MAIN, serveArgs(ledger), async ({ url, pid }) => {
    const began = performance.now()
    let entries = 0
    for (let done = 0; done < answers; done += 1) entries += await linesAt(`${url}/audit?format=ndjson&sort=position`)
    const seconds = (performance.now() - began) / 1000
    return { perSecond: entries / seconds, peakMiB: peakOf(pid) ?? Number.NaN }
  })

const read = async (ledger: string): Promise<number> => {
  const { stdout } = await runToEnd(FLOOR, filesOf(ledger).readModel)
  const { entries, seconds } = JSON.parse(stdout) as { entries: number; seconds: number }
  return entries / seconds
}

const LINE_BREAK = 10

/** How many lines the answer has; fails where it breaks off. */
const linesAt = (url: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get(url, (answer) => {
      let lines = 0
      answer.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf(LINE_BREAK); at !== -1; at = chunk.indexOf(LINE_BREAK, at + 1)) lines += 1
      })
      answer.once('end', () => resolve(lines))
      answer.once('error', reject)
    }).once('error', reject)
  })
