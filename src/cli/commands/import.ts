/** `run-ledger import FILE`: imports a file of commands, here or through a server. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { LedgerConfig } from '../../config.ts'
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
import { examples, type JsonOption, withJson } from '../options/options.ts'
import { type CliFailure, cliFailure, closing, done, EXIT, failed, type Outcome } from '../outcome.ts'
import { say, sayJson } from '../output/output.ts'
import { type Progress, withProgress } from '../output/progress.ts'
import { openRejects, type Rejects } from '../output/rejects.ts'
import { count, counted } from '../output/wording.ts'
import { type Place, type PlaceOptions, placeOf, type Server, withPlaceOptions } from '../reading/place.ts'
import { fetchWithToken } from '../reading/with-client.ts'
import type { Declare } from '../subcommand.ts'
import { importLedgerFile } from './import-ledger.ts'

type ImportOptions = PlaceOptions &
  JsonOption &
  Readonly<{ ledger?: boolean; checkpoint?: string; lineart?: boolean; rejects?: string }>

export const declareImport: Declare = (command, ending) =>
  withJson(
    withPlaceOptions(
      command
        .option('--rejects <file>', 'write refused lines there, each with the reason')
        .option('--lineart', "the file is Lineart's run table, a run a line: its events are reconstructed")
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
        'run-ledger import --lineart runs.ndjson --rejects refused.ndjson --data ./ledger',
      )}

The file is NDJSON, plain or gzip, or - for standard input.`,
    )
    .action(
      ending((file: string, options: ImportOptions) =>
        pipe(
          placeOf(options, { ignoresUse: true }),
          TE.filterOrElse(
            () => options.ledger === true || options.checkpoint === undefined,
            () => cliFailure(EXIT.usage, '--checkpoint goes with --ledger only'),
          ),
          TE.filterOrElse(
            (place) => options.lineart !== true || (place.kind === 'stores' && options.ledger !== true),
            () => cliFailure(EXIT.usage, '--lineart goes with neither --url nor --ledger'),
          ),
          TE.flatMap((place) =>
            options.ledger === true ? moveLedger(file, place, options) : importFile(file, place, options),
          ),
        ),
      ),
    )

const moveLedger = (file: string, place: Place, options: ImportOptions): Outcome =>
  place.kind === 'server' || options.rejects !== undefined
    ? failed(EXIT.usage, '--ledger goes with neither --url nor --rejects: all events are imported, or none')
    : importLedgerFile(file, place.config, options)

const importFile = (file: string, place: Place, options: ImportOptions): Outcome =>
  pipe(
    checkFiles(place.kind === 'server' ? null : place.config, {
      inputs: [file],
      outputs: options.rejects === undefined ? [] : [options.rejects],
    }),
    TE.fromEither,
    TE.flatMap(() => withSource(file, (source) => importSource(source, place, options))),
  )

const importSource = (source: Source, place: Place, options: ImportOptions): Outcome =>
  TE.bracket(
    place.kind === 'server' ? targetAtServer(place) : targetInFiles(place.config, options.lineart === true),
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

const targetInFiles = (config: LedgerConfig, isLineart: boolean): TE.TaskEither<CliFailure, Target> =>
  pipe(
    TE.Do,
    TE.apS('opened', openLedger(config, { log: remarkOnFaults, takesUrl: true })),
    TE.apS(
      'module',
      // Loaded while the ledger opens.
      TE.fromTask(() => import('../../transfer/ledger-target.ts')),
    ),
    TE.apS(
      'rows',
      TE.fromTask(async () => (isLineart ? await import('../../transfer/lineart/lineart-target.ts') : null)),
    ),
    TE.map(({ opened, module: { ledgerTarget }, rows }) => ({
      take: async (source, watch, waiting) => {
        const before = await pipe(
          opened.store.headPosition(),
          TE.match(
            () => ({}),
            (head) => ({ before: head }),
          ),
        )()
        const commands = ledgerTarget(opened.ledger, { ...waiting, ...before })
        return rows === null
          ? importLines(source, commands, watch)
          : importLines(source, rows.lineartTarget(commands), watch)
      },
      projected: (waiting) => caughtUp(opened, waiting),
      close: opened.close,
    })),
  )

const targetAtServer = (server: Server): TE.TaskEither<CliFailure, Target> =>
  pipe(
    fetchWithToken(server),
    TE.map((fetch) => ({
      take: (source, watch, waiting) => importLines(source, serverTarget(server.url, waiting, fetch), watch),
      projected: (waiting) =>
        pipe(
          projectedBy(server.url, waiting, fetch),
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
