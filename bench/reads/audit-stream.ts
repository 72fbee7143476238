/** All entries as NDJSON: entries a second, and the server's memory where one answer has ten times as many. */
import { get } from 'node:http'
import { type Benchmark, inTurn } from '../measure.ts'
import { MAIN, peakOf, serveArgs, withServer } from '../support/processes.ts'
import { filesOf, referenceLedger } from '../support/reference.ts'

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
        ours: () => streamed(MAIN, serveArgs(one)),
        floor: () => streamed(FLOOR, [filesOf(one).readModel]),
        tenTimes: () => streamed(MAIN, serveArgs(many)),
      },
    )
    const rates = ours.map(({ perSecond }) => perSecond)
    return [
      {
        name: 'all entries as NDJSON',
        unit: 'entries/s',
        ours: rates,
        against: { what: 'fastify sending the stored texts', values: floor.map(({ perSecond }) => perSecond) },
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
        against: { what: 'at the loan applications', values: ours.map(({ peakMiB }) => peakMiB) },
        goal: { of: 'ratio', is: 'at most', limit: 1.2 },
      },
    ]
  },
}

const FLOOR = new URL('../floors/entries-floor.ts', import.meta.url)

/** One answer of all entries by a new server. */
const streamed = (script: URL, args: readonly string[]) =>
  withServer(script, args, async ({ url, pid }) => {
    const began = performance.now()
    const entries = await linesAt(`${url}/audit?format=ndjson&sort=position`)
    const seconds = (performance.now() - began) / 1000
    return { perSecond: entries / seconds, peakMiB: peakOf(pid) ?? Number.NaN }
  })

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
