/** `run-ledger import FILE`: imports a file of commands, here or through a server. */
import type { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type LedgerConfig, ledgerConfigOf, serverUrlOf, type UsageFailure, usageFailure } from '../../config.ts'
import type { ImportCounts, ImportEnd, Imported, ImportWatch } from '../../transfer/import.ts'
import { importLines } from '../../transfer/import.ts'
import type { RetryOptions } from '../../transfer/retry.ts'
import { projectedBy, serverTarget } from '../../transfer/server-target.ts'
import type { Source } from '../../transfer/source.ts'
import { AGAIN, lagging, remarkOnFaults, remarkOnOutage, withSource } from '../importing.ts'
import { type Interruption, interruptible, statusOf } from '../interruption.ts'
import { checkFiles } from '../ledger/file-safety.ts'
import { caughtUp, openLedger } from '../ledger/open-ledger.ts'
import { boundYoungGeneration } from '../ledger/young-generation.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options/options.ts'
import { type CliFailure, closing, done, EXIT, failed, type Outcome, ofUsage } from '../outcome.ts'
import { say, sayJson } from '../output/output.ts'
import { type Progress, withProgress } from '../output/progress.ts'
import { openRejects, type Rejects } from '../output/rejects.ts'
import { count, counted } from '../output/wording.ts'
import type { Declare } from '../subcommand.ts'
import { importLedgerFile } from './import-ledger.ts'

type ImportOptions = CommonOptions & Readonly<{ ledger?: boolean; checkpoint?: string; rejects?: string; url?: string }>

export const declareImport: Declare = (command, ending) =>
  withJson(
    withLedgerOptions(
      command
        .option('--rejects <file>', 'write refused lines there, each with the reason')
        .option('--url <address>', 'send the lines to this running server')
        .option('--ledger', 'the file is an export with --format ledger: append its events to an empty ledger')
        .option(
          '--checkpoint <file>',
          'with --ledger: the last signed checkpoint of the old log, which the new one names',
        ),
    ),
  )
    .addHelpText(
      'after',
      `${examples(
        'run-ledger import runs.ndjson.gz --data ./ledger',
        'run-ledger import runs.ndjson --rejects refused.ndjson --json',
        'zcat day-*.gz | run-ledger import - --url http://127.0.0.1:8080',
        'run-ledger import --ledger ledger.ndjson.gz --data ./moved',
      )}

The file is NDJSON, plain or gzip, or - for standard input.`,
    )
    .action(
      ending((file: string, options: ImportOptions) =>
        pipe(
          checked(options, command),
          E.mapLeft(ofUsage),
          TE.fromEither,
          TE.flatMap(() => (options.ledger === true ? importLedgerFile(file, options) : importFile(file, options))),
        ),
      ),
    )

const checked = (options: ImportOptions, command: Command): E.Either<UsageFailure, ImportOptions> => {
  const { url, rejects, ledger, checkpoint } = options
  // From the environment a directory is only a default; beside --url on the command line it is a mistake.
  const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli'
  return pipe(
    E.right(options),
    E.filterOrElse(
      () => url === undefined || !['data', 'eventStore', 'readModel', 'streamPrefix'].some(isGiven),
      () => usageFailure('give either --url, or where the data is, not both'),
    ),
    E.filterOrElse(
      () => ledger !== true || (url === undefined && rejects === undefined),
      () => usageFailure('--ledger goes with neither --url nor --rejects: all events are imported, or none'),
    ),
    E.filterOrElse(
      () => ledger === true || checkpoint === undefined,
      () => usageFailure('--checkpoint goes with --ledger only'),
    ),
  )
}

const importFile = (file: string, options: ImportOptions): Outcome =>
  pipe(
    TE.fromEither(options.url === undefined ? ledgerConfigOf(options) : E.right(null)),
    TE.mapLeft(ofUsage),
    TE.tapEither((config) =>
      checkFiles(config, { inputs: [file], outputs: options.rejects === undefined ? [] : [options.rejects] }),
    ),
    TE.flatMap((config) => withSource(file, (source) => importSource(source, config, options))),
  )

/** `config`: null where a server takes the lines. */
const importSource = (source: Source, config: LedgerConfig | null, options: ImportOptions): Outcome =>
  TE.bracket(
    config === null ? targetAtServer(options.url ?? '') : targetInFiles(config),
    (target) =>
      // Until here nothing is under way that a signal could not end at once.
      interruptible((stop) =>
        TE.bracket(openRejects(options.rejects), (rejects) => run({ target, source, rejects, stop }, options), closing),
      ),
    closing,
  )

/** A ledger that commands are imported into. */
type Target = Readonly<{
  take: (source: Source, watch: ImportWatch, waiting: Partial<RetryOptions>) => Promise<Imported>
  /** Waits until the read model holds what was imported; the failure says why it does not. */
  projected: (waiting: Partial<RetryOptions>) => TE.TaskEither<string, void>
  close: () => Promise<void>
}>

const targetInFiles = (config: LedgerConfig): TE.TaskEither<CliFailure, Target> =>
  pipe(
    TE.Do,
    TE.apS('opened', openLedger(config, { log: remarkOnFaults, takesUrl: true })),
    TE.apS(
      'module',
      // Loaded while the ledger opens.
      TE.fromTask(() => import('../../transfer/ledger-target.ts')),
    ),
    TE.map(({ opened, module: { ledgerTarget } }) => ({
      take: async (source, watch, waiting) => {
        const before = await pipe(
          opened.store.headPosition(),
          TE.match(
            () => ({}),
            (head) => ({ before: head }),
          ),
        )()
        return importLines(source, ledgerTarget(opened.ledger, { ...waiting, ...before }), watch)
      },
      projected: (waiting) => caughtUp(opened, waiting),
      close: opened.close,
    })),
  )

const targetAtServer = (address: string): TE.TaskEither<CliFailure, Target> =>
  pipe(
    TE.fromEither(serverUrlOf(address)),
    TE.bimap(ofUsage, (url) => ({
      take: (source, watch, waiting) => importLines(source, serverTarget(url, waiting), watch),
      projected: (waiting) =>
        pipe(
          projectedBy(url, waiting),
          TE.mapLeft(({ detail }) => detail),
        ),
      close: () => Promise.resolve(),
    })),
  )

type Import = Readonly<{ target: Target; source: Source; rejects: Rejects; stop: Interruption }>

const run = (given: Import, { json }: ImportOptions): Outcome => {
  const started = performance.now()
  return pipe(
    withProgress('Importing', given.source.size, (bar) => TE.fromTask(() => takeAll(given, bar))),
    TE.flatMap(({ imported: { counts, end }, lag }) => {
      const seconds = Math.round(performance.now() - started) / 1000
      if (json) sayJson({ ...counts, seconds })
      else say(summaryOf(counts, seconds))
      if (lag !== null) return TE.left(lagging(lag, given.stop))
      return endOf(end, counts.rejected, given.stop)
    }),
  )
}

/** What was imported, and why the read model lags, null where it does not. */
type Taken = Readonly<{ imported: Imported; lag: string | null }>

const takeAll = async ({ target, source, rejects, stop }: Import, bar: Progress): Promise<Taken> => {
  const boundMemory = boundYoungGeneration()
  const { signal } = stop
  const onProgress = (bytes: number) => {
    bar.update(bytes)
    boundMemory()
  }
  const waiting = { onOutage: remarkOnOutage(bar), signal }
  const imported = await target.take(source, { onRejected: rejects.write, onProgress, signal }, waiting)
  bar.stop()
  if (imported.end._tag === 'TargetLost' || imported.end._tag === 'Interrupted') return { imported, lag: null }
  const lag = await pipe(
    target.projected(waiting),
    TE.match(
      (why) => why,
      () => null,
    ),
  )()
  return { imported, lag }
}

const summaryOf = ({ lines, accepted, repeated, rejected }: ImportCounts, seconds: number): string =>
  `${counted(lines, 'line')} in ${seconds.toFixed(1)} s: ${count(accepted)} accepted, ${count(repeated)} repeated, ${count(rejected)} refused`

const endOf = (end: ImportEnd, rejected: number, stop: Interruption): Outcome => {
  switch (end._tag) {
    case 'Complete':
      return rejected === 0 ? done : TE.right(EXIT.refused)
    case 'Interrupted':
      return failed(statusOf(stop.by() ?? 'SIGINT'), `stopped after line ${end.line}`, AGAIN)
    case 'SourceBroken':
      return failed(EXIT.refused, `the input is cut short after line ${end.line}: ${end.detail}`)
    case 'RejectsUnwritable':
      return failed(EXIT.usage, `stopped after line ${end.line}: ${end.detail}`, AGAIN)
    case 'TargetLost':
      return failed(EXIT.store, `stopped after line ${end.line}: ${end.detail}`, AGAIN)
    default:
      return end satisfies never
  }
}
