/** `npm run bench [-- names…] [--quick] [--json FILE] [--markdown FILE]`: measures the ledger beside its floors. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { activeRuns } from './active-runs.ts'
import { crowd } from './crowd.ts'
import { eventStoreDb } from './eventstoredb.ts'
import { importLoans } from './import.ts'
import type { Bench, Benchmark } from './measure.ts'
import { memory } from './memory.ts'
import { metrics } from './metrics.ts'
import { postRuns } from './post-runs.ts'
import { postRunsWithKey } from './post-runs-with-key.ts'
import { projectPostgres } from './project-postgres.ts'
import { projectionCosts } from './projection-costs.ts'
import { auditPages } from './reads/audit-pages.ts'
import { auditStream } from './reads/audit-stream.ts'
import { listRuns } from './reads/list-runs.ts'
import { pastRuns } from './reads/past-runs.ts'
import { policyStats } from './reads/policy-stats.ts'
import { readRun } from './reads/read-run.ts'
import { runTrail } from './reads/run-trail.ts'
import { search } from './reads/search.ts'
import { rebuild } from './rebuild.ts'
import { rebuildInServer } from './rebuild-in-server.ts'
import { keep, type Measured, markdown, table, thisMachine, writeBetweenMarks } from './support/report.ts'
import { tinyChunks } from './tiny-chunks.ts'
import { trust } from './trust.ts'
import { visibility } from './visibility.ts'

const BENCHMARKS: readonly Benchmark[] = [
  postRuns,
  postRunsWithKey,
  importLoans,
  rebuild,
  readRun,
  runTrail,
  listRuns,
  pastRuns,
  auditPages,
  auditStream,
  policyStats,
  projectionCosts,
  projectPostgres,
  rebuildInServer,
  visibility,
  memory,
  metrics,
  activeRuns,
  crowd,
  search,
  tinyChunks,
  trust,
  eventStoreDb,
]

const HELP = `npm run bench -- [names…] [--quick] [--rounds N] [--json FILE] [--markdown FILE]

  names            which: ${BENCHMARKS.map(({ name }) => name).join(', ')} (all)
  --quick          a smoke run of a few minutes; its figures mean nothing
  --rounds N       how often each side runs (5, quick 1)
  --json FILE      where the results are kept (bench/results/full.json, or quick.json)
  --markdown FILE  put all results that are kept between the marks in this page
`

/** Each is told to `onMeasured` as soon as it is done: one that fails costs no other. */
const run = async (
  benchmarks: readonly Benchmark[],
  { quick, rounds }: Readonly<{ quick: boolean; rounds: number | undefined }>,
  onMeasured: (measured: Measured) => void,
): Promise<void> => {
  const home = join(process.env.RUN_LEDGER_BENCH_DIR ?? tmpdir(), 'run-ledger-bench')
  const cache = join(home, 'cache')
  mkdirSync(cache, { recursive: true })
  const shared = mkdtempSync(join(home, 'shared-'))
  process.once('exit', () => rmSync(shared, { recursive: true, force: true }))
  for (const { name, run: measure } of benchmarks) {
    const directory = mkdtempSync(join(home, `${name}-`))
    const clear = () => rmSync(directory, { recursive: true, force: true })
    process.once('exit', clear)
    const say = (text: string) => process.stderr.write(`${name}: ${text}\n`)
    const times = quick ? { rounds: 1, seconds: 1, warmUpSeconds: 0.5 } : { rounds: 5, seconds: 8, warmUpSeconds: 3 }
    const bench: Bench = { quick, directory, shared, cache, say, ...times, ...(rounds === undefined ? {} : { rounds }) }
    try {
      const figures = await measure(bench)
      onMeasured({ benchmark: name, measured_at: new Date().toISOString(), machine: thisMachine(), figures })
    } finally {
      process.off('exit', clear)
      clear()
    }
  }
}

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
  const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name))
  if (values.help || unknown.length > 0) {
    process.stderr.write(unknown.length > 0 ? `no such benchmark: ${unknown.join(', ')}\n\n${HELP}` : HELP)
    return unknown.length > 0 ? 2 : 0
  }
  if (rounds !== undefined && !(rounds >= 1 && Number.isInteger(rounds))) {
    process.stderr.write(`--rounds must be a whole number of at least 1\n`)
    return 2
  }
  const chosen = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  const file = values.json ?? join(import.meta.dirname, 'results', values.quick ? 'quick.json' : 'full.json')
  await run(chosen, { quick: values.quick, rounds }, (measured) => {
    const all = keep(file, [measured])
    if (values.markdown !== undefined) writeBetweenMarks(values.markdown, markdown(all))
    process.stdout.write(`${table(measured.figures)}\n\n`)
  })
  return 0
}

// What is under way goes with it, and so do its files.
process.once('SIGINT', () => process.exit(130))
process.exitCode = await main()
