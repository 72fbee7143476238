/** `projections rebuild` of the loan applications, beside reading, parsing and inserting the same rows. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { type Benchmark, inTurn } from './measure.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { floorSeconds, MAIN, runToEnd } from './support/processes.ts'
import { referenceLedger } from './support/reference.ts'

export const rebuild: Benchmark = {
  name: 'rebuild',
  run: async (bench) => {
    const reference = await referenceLedger(bench)
    const { ours, floor } = await inTurn(bench, {
      ours: () => inFreshDirectory(bench, (directory) => rebuildCopy(reference, directory)),
      floor: () => inFreshDirectory(bench, (directory) => floorSeconds(FLOOR, reference, directory)),
    })
    return [
      {
        name: 'rebuild from the events of the loan applications',
        unit: 's',
        ours,
        against: { what: 'read, parse, insert the rows', values: floor },
        goal: { of: 'ratio', is: 'at most', limit: 1.35 },
      },
    ]
  },
}

const FLOOR = new URL('./floors/rebuild-floor.ts', import.meta.url)

/** The log is only read; the read model is a fresh copy, since a rebuild leaves free pages behind. */
const rebuildCopy = async (reference: string, directory: string): Promise<number> => {
  const readModel = join(directory, 'read-model.db')
  cpSync(join(reference, 'read-model.db'), readModel)
  const stores = ['--event-store', `embedded:${join(reference, 'events.db')}`, '--read-model', `sqlite:${readModel}`]
  const { seconds } = await runToEnd(MAIN, 'projections', 'rebuild', ...stores, '--json')
  return seconds
}
