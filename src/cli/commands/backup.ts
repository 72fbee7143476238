/** `run-ledger backup`: a copy of the log, made while it is written to. */
import { statSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type LedgerConfig, ledgerConfigOf } from '../../config.ts'
import { type BackedUp, type BackupFailure, backUpLog } from '../../event-store/embedded/backup.ts'
import { placeOf } from '../../transfer/file-place.ts'
import { type Interruption, interruptible, statusOf } from '../interruption.ts'
import { checkFiles } from '../ledger/file-safety.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options/options.ts'
import { type CliFailure, cliFailure, EXIT, type Outcome, ofOpening, ofUsage } from '../outcome.ts'
import { say, sayJson } from '../output/output.ts'
import { withProgress } from '../output/progress.ts'
import { count, counted } from '../output/wording.ts'
import type { Declare } from '../subcommand.ts'

type BackupOptions = CommonOptions & Readonly<{ out: string }>

export const declareBackup: Declare = (command, ending) =>
  withJson(withLedgerOptions(command.requiredOption('--out <file>', 'the file of the copy, replaced if it is there')))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger backup --data ./ledger --out backups/ledger.db',
        'mkdir -m 700 restored && cp backups/ledger.db restored/events.db && run-ledger serve --data ./restored',
      )}

It can run beside a server. The copy holds every event that was answered before the backup began, and is checked. The read
model needs no backup: it is made again from the log.`,
    )
    .action(ending(backUp))

const backUp = (options: BackupOptions): Outcome =>
  pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMapEither((config) => requestOf(config, options.out)),
    TE.flatMap(({ path, place }) =>
      interruptible((stop) =>
        withProgress('Copying', 1_000, ({ update }) =>
          pipe(
            backUpLog(path, place, { onProgress: (share) => update(share * 1_000), signal: stop.signal }),
            TE.mapLeft(ofBackup(stop, options.out)),
          ),
        ),
      ),
    ),
    TE.map((made) => printed(made, options)),
  )

type BackupRequest = Readonly<{ path: string; place: string }>

const requestOf = (config: LedgerConfig, out: string): E.Either<CliFailure, BackupRequest> =>
  pipe(
    checkFiles(config, { outputs: [out] }),
    E.flatMap(() => {
      if (config.eventStore.kind !== 'embedded')
        return E.left(
          cliFailure(EXIT.usage, 'backup copies an embedded log: EventStoreDB is backed up as its own manual says'),
        )
      const there = statSync(out, { throwIfNoEntry: false })
      return there === undefined || there.isFile()
        ? E.right({ path: config.eventStore.path, place: placeOf(out) })
        : E.left(cliFailure(EXIT.usage, `${out} is not a file: name one for the copy`))
    }),
  )

const ofBackup =
  (stop: Interruption, out: string) =>
  (failure: BackupFailure): CliFailure => {
    switch (failure._tag) {
      case 'BackupStopped':
        return cliFailure(statusOf(stop.by() ?? 'SIGINT'), 'stopped before the end: nothing was written')
      case 'BackupUnwritable':
        return cliFailure(EXIT.store, `${out} cannot be made: ${failure.detail}`)
      default:
        return ofOpening()(failure)
    }
  }

const printed = (made: BackedUp, { out, json }: BackupOptions): number => {
  if (json) sayJson({ file: out, ...made })
  else say(`${counted(made.events, 'event')}, ${count(made.bytes)} bytes, checked, in ${out}`)
  return EXIT.done
}
