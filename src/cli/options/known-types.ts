/** Refuses types of event that nobody has: a filter by one would match nothing, and not say why. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EntryFilters } from '../../read-model/read-model.ts'
import { DATA_SCHEMAS } from '../../run/events.ts'
import { type CliFailure, cliFailure, EXIT } from '../outcome.ts'
import { suggestion } from '../output/nearby.ts'
import { outputGone } from '../output/output.ts'
import { type EntrySource, hasAny } from '../reading/entry-source.ts'

const KNOWN: readonly string[] = Object.keys(DATA_SCHEMAS)

/** Refused: a type that the program does not know and that no event of `entries` has. An event of a newer program may have one. */
export const checkTypes = (entries: EntrySource, { type = [] }: EntryFilters): TE.TaskEither<CliFailure, void> =>
  pipe(
    type.filter((name) => !KNOWN.includes(name)),
    TE.traverseSeqArray((name) =>
      pipe(
        hasAny(entries, { type: [name] }, outputGone),
        TE.filterOrElse(
          (found) => found,
          () =>
            cliFailure(
              EXIT.usage,
              `--type ${name}: no event has it; there are ${KNOWN.join(', ')}${suggestion(name, KNOWN)}`,
            ),
        ),
      ),
    ),
    TE.map(() => undefined),
  )
