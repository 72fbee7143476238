/** `projections rebuild` of the loan applications, beside reading, parsing and inserting the same rows. */
import { closeSync, cpSync, fsyncSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type Benchmark, inTurn } from './measure.ts'
import { inFreshDirectory } from './support/fresh-directory.ts'
import { MAIN, runToEnd } from './support/processes.ts'
import { referenceLedger } from './support/reference.ts'

export const rebuild: Benchmark = {
  name: 'rebuild',
  run: async (bench) => {
    const reference = await referenceLedger(bench)
    const { ours, floor } = await inTurn(bench, {
      ours: () => inFreshDirectory(bench, (directory) => rebuildCopy(reference, directory)),
      floor: () => inFreshDirectory(bench, (directory) => floorOf(reference, directory)),
    })
    const against = (of: keyof Times) => ({ what: 'read, parse, insert the rows', values: floor.map((one) => one[of]) })
    return [
      {
        name: 'rebuild from the events of the loan applications',
        unit: 's',
        ours: ours.map(({ work }) => work),
        against: against('work'),
        goal: { of: 'ratio', is: 'at most', limit: 1.35 },
      },
      {
        name: 'the same, with the start of the program',
        unit: 's',
        ours: ours.map(({ program }) => program),
        against: against('program'),
        goal: null,
      },
    ]
  },
}

/** In seconds: the work itself, as each side tells it, and from the program's start to its exit. */
type Times = Readonly<{ work: number; program: number }>

const FLOOR = new URL('./floors/rebuild-floor.ts', import.meta.url)

const floorOf = async (reference: string, directory: string): Promise<Times> => {
  const { stdout, seconds } = await runToEnd(FLOOR, reference, directory)
  const told = JSON.parse(stdout) as { preparing: number; seconds: number }
  return { work: told.seconds, program: seconds - told.preparing }
}

/** The log is only read; the read model is a fresh copy, since a rebuild leaves free pages behind. */
const rebuildCopy = async (reference: string, directory: string): Promise<Times> => {
  const readModel = join(directory, 'read-model.db')
  cpSync(join(reference, 'read-model.db'), readModel)
  // Else the system writes the copy while the rebuild writes its own.
  const copy = openSync(readModel, 'r+')
  fsyncSync(copy)
  closeSync(copy)
  const stores = ['--event-store', `embedded:${join(reference, 'events.db')}`, '--read-model', `sqlite:${readModel}`]
  const { stdout, seconds } = await runToEnd(MAIN, 'projections', 'rebuild', ...stores, '--json')
  return { work: (JSON.parse(stdout) as { seconds: number }).seconds, program: seconds }
}
