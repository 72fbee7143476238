/** Import of Lineart's run table: each line is a run, whose events are stored one after another. */
import * as E from 'fp-ts/lib/Either.js'
import type { RunCommand } from '../../run/commands.ts'
import { timeOf } from '../../run/time.ts'
import type { Answer, ImportTarget, TargetLost } from '../import.ts'
import { type RowCommands, rowCommands } from './row-commands.ts'

/** Stores runs by way of `commands`. A run of which something is refused is refused, and nothing more of it is stored. */
export const lineartTarget = (commands: ImportTarget<RunCommand>): ImportTarget<RowCommands> => ({
  prepare: (bytes) => rowCommands(bytes, timeOf(Date.now())),
  take: async (rows) => {
    let answers: readonly Answer[] = rows.map(() => 'repeated')
    for (const part of PARTS) {
      const taken = await takePart(commands, rows, answers, part)
      if (taken._tag === 'Left') return taken
      answers = taken.right
    }
    return E.right(answers)
  },
})

// A start goes to a run only once its creation is known to be this import's.
const PARTS = ['create', 'start', 'complete'] as const

const takePart = async (
  commands: ImportTarget<RunCommand>,
  rows: readonly RowCommands[],
  answers: readonly Answer[],
  part: (typeof PARTS)[number],
): Promise<E.Either<TargetLost, readonly Answer[]>> => {
  const open = rows.flatMap((row, place) => {
    const command = row[part]
    return command === null || typeof answers[place] !== 'string' ? [] : [{ place, command }]
  })
  if (open.length === 0) return E.right(answers)
  const taken = await commands.take(open.map(({ command }) => command))
  if (taken._tag === 'Left') return taken
  const after = [...answers]
  for (const [at, { place }] of open.entries()) {
    const answer = taken.right[at] as Answer
    // Stored in part before, and to its end now: accepted.
    if (answer !== 'repeated') after[place] = answer
  }
  return E.right(after)
}
