/** `import` of the loan applications until the read model has caught up, beside the bare inserts of the same rows. */
import { type Benchmark, inTurn } from './measure.ts'
import { loanLines } from './support/data.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { floorSeconds, MAIN, runToEnd } from './support/processes.ts'
import { referenceLedger } from './support/reference.ts'

export const importLoans: Benchmark = {
  name: 'import',
  run: async (bench) => {
    const file = await loanLines(bench)
    const reference = await referenceLedger(bench)
    const { ours, floor } = await inTurn(bench, {
      ours: () =>
        inFreshDirectory(bench, async (data) => {
          const { seconds } = await runToEnd(MAIN, 'import', file, '--data', data, '--json')
          return seconds
        }),
      floor: () => inFreshDirectory(bench, (data) => floorSeconds(FLOOR, file, reference, data)),
    })
    return [
      {
        name: 'import of the loan applications until projected',
        unit: 's',
        ours,
        against: { what: 'gunzip, parse, insert the rows', values: floor },
        goal: { of: 'ratio', is: 'at most', limit: 1.6 },
      },
    ]
  },
}

const FLOOR = new URL('./floors/import-floor.ts', import.meta.url)
