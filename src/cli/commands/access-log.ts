/** `run-ledger access-log verify`: whether an access log is what was written. */
import { existsSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { readSeals } from '../../access-log/seal.ts'
import { type AccessLogReport, type SealedHead, verifyAccessLog } from '../../access-log/verify.ts'
import { ledgerConfigOf } from '../../config.ts'
import { openLog } from '../ledger/open-ledger.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options/options.ts'
import { type CliFailure, cliFailure, closing, EXIT, failed, type Outcome, ofUsage } from '../outcome.ts'
import { say, sayJson } from '../output/output.ts'
import type { Declare } from '../subcommand.ts'

export const declareAccessLog: Declare = (command, ending) => {
  const verify = command
    .command('verify <dir>')
    .description('Find changed, missing and inserted lines, and compare with the seals in the ledger.')
  withJson(withLedgerOptions(verify))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger access-log verify /var/log/ledger-access --data ./ledger',
        'run-ledger access-log verify /var/log/ledger-access',
      )}

Without a ledger the lines are compared with each other alone: a log whose end was cut off, or that was made again, looks whole.
Exit status: 0 the log is whole, 1 it is not, 2 wrong usage, 3 the ledger cannot be read.`,
    )
    .action(ending(verifyLog))
}

const verifyLog = (directory: string, options: CommonOptions): Outcome => {
  if (!existsSync(directory)) return failed(EXIT.usage, `there is no directory ${directory}`)
  return pipe(
    sealsOf(options),
    TE.flatMap((seals) =>
      pipe(
        TE.tryCatch(
          () => verifyAccessLog(directory, seals ?? []),
          (error) => cliFailure(EXIT.usage, `${directory} cannot be read: ${String(error)}`),
        ),
        TE.map((report) => {
          if (options.json) sayJson({ ...report, compared_with_seals: seals !== null })
          else for (const line of linesOf(report, seals)) say(line)
          return report.findings.length === 0 ? EXIT.done : EXIT.refused
        }),
      ),
    ),
  )
}

/** Null where no ledger is named. */
const sealsOf = (options: CommonOptions): TE.TaskEither<CliFailure, readonly SealedHead[] | null> => {
  if (options.data === undefined && options.eventStore === undefined) return TE.right(null)
  return pipe(
    TE.fromEither(ledgerConfigOf(options)),
    TE.mapLeft(ofUsage),
    TE.flatMap((config) =>
      TE.bracket(
        openLog(config),
        (store) =>
          pipe(
            readSeals(store.access),
            TE.mapLeft((failure) =>
              cliFailure(
                EXIT.store,
                `the seals cannot be read: ${'detail' in failure ? failure.detail : failure._tag}`,
              ),
            ),
          ),
        closing,
      ),
    ),
  )
}

const linesOf = (
  { folders, lines, seals: found, dropped, torn, findings }: AccessLogReport,
  seals: readonly SealedHead[] | null,
): readonly string[] => [
  ...findings.map(({ file, line, detail }) => `${file}${line === null ? '' : `:${line}`}: ${detail}`),
  `${lines} lines in ${folders} folders, ${findings.length} findings`,
  ...(dropped > 0 ? [`${dropped} lines could not be written at the time, as the log itself says`] : []),
  ...(torn > 0 ? [`${torn} lines were left unfinished by a process that ended`] : []),
  seals === null
    ? 'not compared with the seals of a ledger: name it with --data or --event-store'
    : `${found} of ${seals.length} seals of the ledger were found in it`,
]
