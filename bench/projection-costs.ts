/** What each projection and each index costs: projecting the loan applications with all of them, and without each. */
import { join } from 'node:path'
import { createIndexes } from '../src/read-model/sqlite/tables.ts'
import { type Bench, type Benchmark, type Figure, inTurn } from './measure.ts'
import type { Projected, ProjectJob } from './programs/project-log.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { runToEnd } from './support/processes.ts'
import { filesOf, referenceLedger } from './support/reference.ts'

/** CPU varies less than time, and there are many sides. */
const MOST_ROUNDS = 1

/** The fold itself is always there: what it writes is what it reads again. */
const TABLES = {
  'audit-entry and run-version': ['entries', 'entry_texts', 'entry_ids'],
  'run-group': ['run_groups', 'run_group_statuses'],
  'policy-version-stats': ['policy_versions', 'policy_version_statuses', 'policy_figures', 'policy_durations'],
} as const

export const projectionCosts: Benchmark = {
  name: 'projection-costs',
  run: async (bench) => {
    const { log } = filesOf(await referenceLedger(bench))
    const side = (without: ProjectJob['without']) => () => project(bench, log, without)
    const parts = {
      ...Object.fromEntries(
        Object.entries(TABLES).map(([name, tables]) => [`the tables of ${name}`, side({ tables })] as const),
      ),
      ...Object.fromEntries(
        createIndexes('live', 1).map((sql) => [`the index ${indexed(sql)}`, side({ index: nameOf(sql) })] as const),
      ),
    }
    const rounds = Math.min(bench.rounds, MOST_ROUNDS)
    const sides: Readonly<Record<string, ReturnType<typeof side>>> = { [ALL]: side(null), ...parts }
    const measured = await inTurn({ ...bench, rounds }, sides)
    const all = measured[ALL] ?? []
    return [
      { name: ALL, unit: 's', ours: all.map(({ cpuSeconds }) => cpuSeconds), against: null, goal: null },
      { name: `${ALL}: size`, unit: 'MiB', ours: all.map(({ mebibytes }) => mebibytes), against: null, goal: null },
      ...Object.keys(parts).flatMap((part) => figuresOf(part, all, measured[part] ?? [])),
    ]
  },
}

const ALL = 'projecting the loan applications, CPU'
const SCRIPT = new URL('./programs/project-log.ts', import.meta.url)

const project = (bench: Bench, log: string, without: ProjectJob['without']): Promise<Projected> =>
  inFreshDirectory(bench, async (directory) => {
    const job: ProjectJob = { log, readModel: join(directory, 'read-model.db'), without }
    return JSON.parse((await runToEnd(SCRIPT, JSON.stringify(job))).stdout) as Projected
  })

/** What is saved where the part is left out. */
const figuresOf = (part: string, all: readonly Projected[], without: readonly Projected[]): readonly Figure[] =>
  (['cpuSeconds', 'mebibytes'] as const).map((of) => {
    const whole = all.map((one) => one[of])
    return {
      name: of === 'cpuSeconds' ? `of that, ${part}` : `of its size, ${part}`,
      unit: of === 'cpuSeconds' ? 's' : 'MiB',
      ours: whole.map((value, round) => value - (without[round]?.[of] ?? Number.NaN)),
      against: { what: 'all', values: whole },
      goal: null,
    }
  })

/** `CREATE INDEX IF NOT EXISTS name ON table (columns)`. */
const nameOf = (sql: string): string => sql.split(' ')[5] ?? ''
const indexed = (sql: string): string => sql.slice(sql.indexOf(' ON ') + ' ON '.length).replace(/ WHERE .*/, '')
