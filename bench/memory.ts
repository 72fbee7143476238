/** Peak memory of `import`, `projections rebuild` and `verify`, at the loan applications and at ten times as many. */
import { type Bench, type Benchmark, type Figure, inTurn } from './measure.ts'
import { loanLines } from './support/data.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { MAIN, runToEnd } from './support/processes.ts'

const TIMES = 10
/** Peaks vary little, and ten times the runs take minutes. */
const MOST_ROUNDS = 1
const COMMANDS = ['import', 'rebuild', 'verify'] as const
type Peaks = Readonly<Record<(typeof COMMANDS)[number], number>>

export const memory: Benchmark = {
  name: 'memory',
  run: async (bench) => {
    const rounds = Math.min(bench.rounds, MOST_ROUNDS)
    const { one, many } = await inTurn(
      { ...bench, rounds },
      { one: () => peaks(bench, 1), many: () => peaks(bench, TIMES) },
    )
    return COMMANDS.flatMap((command) => figuresOf(command, one, many))
  },
}

const peaks = async (bench: Bench, times: number): Promise<Peaks> => {
  const file = await loanLines(bench, times)
  return inFreshDirectory(bench, async (directory) => {
    const imported = await runToEnd(MAIN, 'import', file, '--data', directory)
    const rebuilt = await runToEnd(MAIN, 'projections', 'rebuild', '--data', directory)
    const verified = await runToEnd(MAIN, 'verify', '--data', directory)
    return { import: imported.peakMiB, rebuild: rebuilt.peakMiB, verify: verified.peakMiB }
  })
}

const figuresOf = (command: keyof Peaks, one: readonly Peaks[], many: readonly Peaks[]): readonly Figure[] => [
  {
    name: `peak memory of ${command}`,
    unit: 'MiB',
    ours: one.map((peak) => peak[command]),
    against: null,
    goal: { of: 'value', is: 'at most', limit: 300 },
  },
  {
    name: `peak memory of ${command} at ${TIMES} times the runs`,
    unit: 'MiB',
    ours: many.map((peak) => peak[command]),
    against: { what: 'at the runs', values: one.map((peak) => peak[command]) },
    goal: { of: 'ratio', is: 'at most', limit: 1.2 },
  },
]
