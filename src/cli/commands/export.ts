/** `run-ledger export`: the ledger as a file, to move it, to store it, or for other programs. */
import { basename } from 'node:path'
import { Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import pkg from '../../../package.json' with { type: 'json' }
import {
  cloudEventsSourceOf,
  type LedgerConfig,
  ledgerConfigOf,
  type UsageFailure,
  usageFailure,
} from '../../config.ts'
import type { EventStore, Position } from '../../event-store/event-store.ts'
import { ledgerIdOf } from '../../event-store/ledger-id.ts'
import type { EntryFilters, ReadModel } from '../../read-model/read-model.ts'
import { EXPORT_FORMATS, type Export, type ExportFormat, type ExportWatch } from '../../transfer/export.ts'
import { entryForm, exportEntries } from '../../transfer/export-entries.ts'
import { exportLedger } from '../../transfer/export-ledger.ts'
import { exportXes } from '../../transfer/export-xes.ts'
import { placeOf } from '../../transfer/file-place.ts'
import { type Manifest, type ManifestOf, manifestPath } from '../../transfer/manifest.ts'
import { writeExport } from '../../transfer/sink.ts'
import { type Interruption, interruptible, statusOf } from '../interruption.ts'
import { checkFiles } from '../ledger/file-safety.ts'
import { eventsIn, openLog } from '../ledger/open-ledger.ts'
import { withTrail } from '../ledger/open-trail.ts'
import { boundYoungGeneration } from '../ledger/young-generation.ts'
import { checkTypes } from '../options/known-types.ts'
import { type CommonOptions, examples, withCloudEventsSource, withJson, withLedgerOptions } from '../options/options.ts'
import { entryFiltersOf, type FilterOptions, isFiltered, withEntryFilters } from '../options/query-options.ts'
import { type CliFailure, cliFailure, closing, EXIT, failed, type Outcome, ofUsage } from '../outcome.ts'
import { outputGone, say, sayJson } from '../output/output.ts'
import { ofSink, printExport } from '../output/print-export.ts'
import { type Progress, withProgress } from '../output/progress.ts'
import { count, counted } from '../output/wording.ts'
import { storedEntries } from '../reading/entry-source.ts'
import type { Declare } from '../subcommand.ts'

type ExportOptions = CommonOptions &
  FilterOptions &
  Readonly<{ format: ExportFormat; out?: string; cloudEventsSource?: string; allowEmpty?: boolean }>

export const declareExport: Declare = (command, ending) =>
  withJson(
    withLedgerOptions(
      withCloudEventsSource(
        withEntryFilters(
          command
            .addOption(new Option('--format <format>', 'what to write').choices(EXPORT_FORMATS).makeOptionMandatory())
            .option(
              '--out <file>',
              'the file, compressed if it ends in .gz, with a manifest beside it (default: standard output)',
            )
            .option('--allow-empty', 'an export that no event matches is not a failure'),
        ),
      ),
    ),
  )
    .addHelpText(
      'after',
      `${examples(
        'run-ledger export --format ledger --out ledger.ndjson.gz --data ./ledger',
        'run-ledger export --format xes --out runs.xes.gz --policy-version-id personal-loan-3.2',
        'run-ledger export --format csv --actor alice --occurred-after 2026-05-01T00:00:00Z > alice.csv',
        'run-ledger export --format ledger --data ./ledger | run-ledger import --ledger - --data ./moved',
      )}

ledger is the stored events themselves, for import --ledger, and takes no filters. The others are the Entries of the
audit trail, oldest first: as JSON lines, as CSV, as a batch of CloudEvents, and as XES (IEEE 1849-2016), where each run
is a trace. They come from the read model.`,
    )
    .action(ending(exportTo))

const exportTo = (options: ExportOptions): Outcome =>
  pipe(
    requestOf(options),
    E.mapLeft(ofUsage),
    TE.fromEither,
    TE.tapEither(({ config, out }) => checkFiles(config, { outputs: outputsOf(out) })),
    TE.flatMap((request) =>
      interruptible((stop) =>
        pipe(
          request.format === 'ledger' ? exportEvents(request, stop) : exportTrail(request, stop),
          unlessStopped(stop),
        ),
      ),
    ),
  )

type ExportRequest = Readonly<{
  config: LedgerConfig
  source: string
  filters: EntryFilters
  format: ExportFormat
  /** Null: standard output. */
  out: string | null
  json: boolean
  allowEmpty: boolean
}>

/** All that is written for `--out`. */
const outputsOf = (out: string | null): readonly string[] => (out === null ? ['-'] : [out, manifestPath(placeOf(out))])

const requestOf = (options: ExportOptions): E.Either<UsageFailure, ExportRequest> =>
  pipe(
    E.Do,
    E.apS('config', ledgerConfigOf(options)),
    E.apS('source', cloudEventsSourceOf(options.cloudEventsSource)),
    E.apS('filters', entryFiltersOf(options)),
    E.map((parts) => ({
      ...parts,
      format: options.format,
      out: options.out ?? null,
      json: options.json === true,
      allowEmpty: options.allowEmpty === true,
    })),
    E.filterOrElse(
      ({ json, out }) => !json || out !== null,
      () => usageFailure('--json describes the file that was written: give --out FILE'),
    ),
    E.filterOrElse(
      ({ format, filters }) => format !== 'ledger' || !isFiltered(filters),
      () => usageFailure('--format ledger takes no filters: a part of a ledger is not a ledger'),
    ),
  )

/** An export that was stopped by a signal has failed, however it ended. */
const unlessStopped =
  (stop: Interruption) =>
  (outcome: Outcome): Outcome =>
    pipe(
      TE.fromTask(outcome),
      TE.flatMap((ended) => {
        const by = stop.by()
        return by === null
          ? TE.fromEither(ended)
          : failed(statusOf(by), 'stopped before the end: nothing of it was written')
      }),
    )

const exportEvents = (request: ExportRequest, stop: Interruption): Outcome =>
  TE.bracket(
    openLog(request.config),
    (log) =>
      pipe(
        TE.fromTask(eventsIn(log)),
        TE.flatMap((events) =>
          withProgress('Exporting', events, (bar) =>
            pipe(
              identified(log),
              TE.flatMap(({ head, id }) =>
                written(exportLedger(log, head, watchOf(bar, stop, request)), id, request, stop),
              ),
            ),
          ),
        ),
        TE.map((report) => report()),
      ),
    closing,
  )

/** The log's last position and its identity. */
const identified = (log: EventStore) =>
  pipe(
    TE.Do,
    TE.bind('head', log.headPosition),
    TE.bind('id', () => ledgerIdOf(log)),
    TE.mapLeft(({ detail }) => cliFailure(EXIT.store, `the log cannot be read: ${detail}`)),
  )

const exportTrail = (request: ExportRequest, stop: Interruption): Outcome =>
  withTrail(request.config, (readModel, { events, id, position }) =>
    pipe(
      checkTypes(storedEntries(readModel, position), request.filters),
      TE.flatMap(() =>
        withProgress('Exporting', isFiltered(request.filters) ? null : events, (bar) =>
          written(entriesOf(readModel, position, request, watchOf(bar, stop, request)), id, request, stop),
        ),
      ),
      TE.map((report) => report()),
    ),
  )

/** The entries up to position `until`. */
const entriesOf = (
  readModel: ReadModel,
  until: Position,
  { format, filters, source }: ExportRequest,
  watch: ExportWatch,
): Export =>
  format === 'xes' || format === 'ledger'
    ? exportXes(readModel, filters, until, watch)
    : exportEntries(readModel, entryForm(format, source), { ...filters, sort: 'position', until }, watch)

const watchOf = (bar: Progress, stop: Interruption, { allowEmpty }: ExportRequest): ExportWatch => {
  const boundMemory = boundYoungGeneration()
  return {
    onProgress: (events) => {
      boundMemory()
      bar.update(events)
    },
    signal: AbortSignal.any([stop.signal, outputGone]),
    allowEmpty,
  }
}

/** Prints what there is to say of the export once the progress bar is gone, and returns the exit status. */
type Report = () => number

/** `ledger` is the ledger's identity. */
const written = (
  made: Export,
  ledger: string | null,
  request: ExportRequest,
  stop: Interruption,
): TE.TaskEither<CliFailure, Report> =>
  request.out === null
    ? pipe(
        printExport(made, AbortSignal.any([stop.signal, outputGone])),
        TE.map((status) => () => status),
      )
    : toFile(made, request.out, ledger, request)

const toFile = (
  made: Export,
  out: string,
  ledger: string | null,
  { format, filters, json }: ExportRequest,
): TE.TaskEither<CliFailure, Report> => {
  const made_at = new Date().toISOString()
  const manifestOf: ManifestOf = (place, file) => ({
    file: basename(place),
    format,
    ...made.counts(),
    ...file,
    made_at,
    ledger,
    filters,
    version: pkg.version,
  })
  return pipe(
    writeExport(out, made, manifestOf),
    TE.bimap(ofSink, (file) => () => {
      const manifest = manifestOf(out, file)
      if (json) sayJson(manifest)
      else say(summaryOf(manifest, out))
      return EXIT.done
    }),
  )
}

const summaryOf = ({ events, runs, bytes }: Manifest, out: string): string =>
  `${counted(events, 'event')} of ${counted(runs, 'run')}, ${count(bytes)} bytes, in ${out}`
