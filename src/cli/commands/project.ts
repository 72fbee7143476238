/** `run-ledger project`: a projector without HTTP. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { ledgerConfigOf } from '../../config.ts'
import { createLogger } from '../../http/request/logger.ts'
import { startProjector } from '../../read-model/open.ts'
import { aborted, interruptible } from '../interruption.ts'
import { ofProjector } from '../ledger/open-ledger.ts'
import { projectorLogTo } from '../ledger/serving.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options/options.ts'
import { done, type Outcome, ofUsage } from '../outcome.ts'
import { say, sayJson } from '../output/output.ts'
import type { Declare } from '../subcommand.ts'

type ProjectOptions = CommonOptions & Readonly<{ rebuild?: boolean }>

export const declareProject: Declare = (command, ending) =>
  withJson(withLedgerOptions(command))
    .option('--rebuild', 'rebuild the read model from the log while the old one is read')
    .addHelpText(
      'after',
      `${examples(
        'run-ledger project --event-store esdb://db-1,db-2 --read-model postgres://ledger@db/ledger',
        'run-ledger serve --no-projector --event-store esdb://db-1,db-2 --read-model postgres://ledger@db/ledger',
      )}

Into PostgreSQL any number of processes project, and share the work. SIGTERM and Ctrl-C give its share to the others.`,
    )
    .action(ending(project))

const project = (options: ProjectOptions): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMap(({ eventStore, readModel }) =>
      interruptible(
        (stop) =>
          pipe(
            TE.fromTask(() => createLogger()),
            TE.flatMap((logger) =>
              TE.bracket(
                pipe(
                  startProjector(readModel, {
                    eventStore,
                    rebuild: options.rebuild === true,
                    log: projectorLogTo(logger),
                  }),
                  TE.mapLeft(ofProjector),
                ),
                () => {
                  if (options.json === true) sayJson({ projecting: true })
                  else say('projecting')
                  return aborted(stop.signal)
                },
                (projector) => TE.fromTask(projector.stop),
              ),
            ),
            TE.flatMap(() => done),
          ),
        ['SIGINT', 'SIGTERM'],
      ),
    ),
  )
