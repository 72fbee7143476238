/** Refuses types of event that nobody has: a filter by one would match nothing, and not say why. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Position } from '../../event-store/event-store.ts'
import type { EntryFilters, ReadModel } from '../../read-model/read-model.ts'
import { DATA_SCHEMAS } from '../../run/events.ts'
import { entryPages } from '../../transfer/entry-pages.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'
import { outputGone } from '../output/output.ts'

const KNOWN: readonly string[] = Object.keys(DATA_SCHEMAS)

/** Refused: a type that the ledger does not know and that no event up to `until` has. */
export const checkTypes = (
  readModel: ReadModel,
  { type = [] }: EntryFilters,
  until: Position,
): TE.TaskEither<CliFailure, void> =>
  pipe(
    type.filter((name) => !KNOWN.includes(name)),
    TE.traverseSeqArray((name) =>
      pipe(
        TE.tryCatch(() => hasType(readModel, name, until), unreadable),
        TE.filterOrElse(
          (found) => found,
          () => cliFailure(EXIT.usage, `--type ${name}: no event has it; there are ${KNOWN.join(', ')}`),
        ),
      ),
    ),
    TE.map(() => undefined),
  )

/** An event from a newer program may have a type that this one does not know. */
const hasType = async (readModel: ReadModel, name: string, until: Position): Promise<boolean> => {
  for await (const page of entryPages(readModel, { type: [name], sort: 'position', until }, outputGone, 1))
    if (page.length > 0) return true
  return false
}

const unreadable = (error: unknown): CliFailure =>
  cliFailure(EXIT.store, `the read model cannot be read: ${error instanceof Error ? error.message : String(error)}`)
