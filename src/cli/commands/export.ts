/** `run-ledger export`: the ledger as a file, to be moved, kept, or looked at by other programs. */
import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import { type Either, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { LedgerConfig } from '../../config.ts'
import type { EntryFilters } from '../../read-model/read-model.ts'
import { EXPORT_FORMATS, type Export, type ExportFormat, type ExportWatch } from '../../transfer/export.ts'
import type { Manifest } from '../../transfer/manifest.ts'
import type { SinkFailure, Written } from '../../transfer/sink.ts'
import { withTrail } from '../open-trail.ts'
import { type CommonOptions, examples, withCloudEventsSource, withJson, withLedgerOptions } from '../options.ts'
import { type CliFailure, type Ending, EXIT, failed, type Outcome, usageFailure } from '../outcome.ts'
import { entryFiltersOf, type FilterOptions, isFiltered, withEntryFilters } from '../query-options.ts'
import { count, counted, interruption, print, progressBar, say, sayJson, statusOf } from '../terminal.ts'
import { boundYoungGeneration } from '../young-generation.ts'

type ExportOptions = CommonOptions &
  FilterOptions &
  Readonly<{ format: ExportFormat; out?: string; cloudEventsSource?: string; allowEmpty?: boolean }>

/** `version` is the program's, for the manifest. */
export const addExport = (program: Command, ending: Ending, version: string): void => {
  const command = program
    .command('export')
    .description('Write the ledger, or its audit trail, to a file or to standard output.')
    .addOption(new Option('--format <format>', 'what to write').choices(EXPORT_FORMATS).makeOptionMandatory())
    .option('--out <file>', 'the file, packed if it ends in .gz, with a manifest beside it (default: standard output)')
    .option('--allow-empty', 'an export that no event matches is no failure')
  withJson(withLedgerOptions(withCloudEventsSource(withEntryFilters(command))))
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
    .action(ending((options: ExportOptions) => exportTo(options, version)))
}

const exportTo = async (options: ExportOptions, version: string): Promise<Outcome> => {
  const { cloudEventsSourceOf, ledgerConfigOf } = await import('../../config.ts')
  const [config, source] = [ledgerConfigOf(options), cloudEventsSourceOf(options.cloudEventsSource)]
  if (config._tag === 'Left') return usageFailure(config.left)
  if (source._tag === 'Left') return usageFailure(source.left)
  const filters = await entryFiltersOf(options)
  if (filters._tag === 'Left') return usageFailure(filters.left)
  if (options.json === true && options.out === undefined)
    return failed(EXIT.usage, '--json describes the file that was written: give --out FILE')
  const safe = await checkOutput(config.right, options.out)
  if (safe._tag === 'Left') return safe
  const { format } = options
  if (format === 'ledger' && isFiltered(filters.right))
    return failed(EXIT.usage, '--format ledger takes no filters: a part of a ledger is none')
  const stop = interruption()
  const use: Use = (made, ledger) =>
    options.out === undefined
      ? toOutput(made, stop.signal)
      : toFile(made, options.out, options, { ledger, filters: filters.right, version })
  const watch = { signal: stop.signal, allowEmpty: options.allowEmpty === true }
  const outcome =
    format === 'ledger'
      ? await withEvents(config.right, watch, use)
      : await withEntries(config.right, { format, filters: filters.right, source: source.right }, watch, use)
  const by = stop.by()
  stop.release()
  return by === null ? outcome : failed(statusOf(by), 'stopped before the end: nothing of it was written')
}

const checkOutput = async (config: LedgerConfig, out: string | undefined): Promise<Either<CliFailure, void>> => {
  const [{ checkFiles }, { manifestPath }, { placeOf }] = await Promise.all([
    import('../file-safety.ts'),
    import('../../transfer/manifest.ts'),
    import('../../transfer/file-place.ts'),
  ])
  return checkFiles(config, { outputs: out === undefined ? ['-'] : [out, manifestPath(placeOf(out))] })
}

type Watch = Omit<ExportWatch, 'onProgress'>

/** `ledger` is the ledger's identity. */
type Use = (made: Export, ledger: string | null) => Promise<Outcome>

const withEvents = async (config: LedgerConfig, watch: Watch, use: Use): Promise<Outcome> => {
  const [{ eventsIn, openLog }, { ledgerIdOf }, { exportLedger }] = await Promise.all([
    import('../open-ledger.ts'),
    import('../../event-store/ledger-id.ts'),
    import('../../transfer/export-ledger.ts'),
  ])
  const log = await openLog(config)
  if (log._tag === 'Left') return log
  const store = log.right
  const extent = await pipe(
    TE.Do,
    TE.bind('head', store.headPosition),
    TE.bind('id', () => ledgerIdOf(store)),
  )()
  const bar = await progressBar('Exporting', await eventsIn(store))
  const outcome =
    extent._tag === 'Left'
      ? failed(EXIT.store, `the log cannot be read: ${extent.left.detail}`)
      : await use(
          exportLedger(store, extent.right.head, { ...watch, onProgress: bounding(bar.update) }),
          extent.right.id,
        )
  bar.stop()
  await store.close()
  return outcome
}

type Wanted = Readonly<{ format: Exclude<ExportFormat, 'ledger'>; filters: EntryFilters; source: string }>

const withEntries = (
  config: LedgerConfig,
  { format, filters, source }: Wanted,
  { signal, allowEmpty }: Watch,
  use: Use,
): Promise<Outcome> =>
  withTrail(config, async (readModel, { events, id }) => {
    const [{ entryForm, exportEntries }, { exportXes }] = await Promise.all([
      import('../../transfer/export-entries.ts'),
      import('../../transfer/export-xes.ts'),
    ])
    const until = readModel.position()
    const bar = await progressBar('Exporting', isFiltered(filters) ? null : events)
    const watch = { onProgress: bounding(bar.update), signal, allowEmpty }
    const outcome = await use(
      format === 'xes'
        ? exportXes(readModel, filters, until, watch)
        : exportEntries(readModel, entryForm(format, source), { ...filters, sort: 'position', until }, watch),
      id,
    )
    bar.stop()
    return outcome
  })

const bounding = (onProgress: (events: number) => void) => {
  const boundMemory = boundYoungGeneration()
  return (events: number) => {
    boundMemory()
    onProgress(events)
  }
}

/** Writes to standard output, as fast as it is read, until `signal` aborts. */
export const toOutput = async ({ pieces, fault }: Export, signal: AbortSignal): Promise<Outcome> => {
  for await (const piece of pieces) await print(piece, signal)
  const found = fault()
  return found === null ? right(EXIT.done) : exportFailure(found)
}

type Described = Pick<Manifest, 'ledger' | 'filters' | 'version'>

const toFile = async (made: Export, out: string, options: ExportOptions, described: Described): Promise<Outcome> => {
  const { writeExport } = await import('../../transfer/sink.ts')
  const { format } = options
  const made_at = new Date().toISOString()
  const manifestOf = (place: string, written: Written): Manifest => ({
    file: basename(place),
    format,
    ...made.counts(),
    ...written,
    made_at,
    ...described,
  })
  return pipe(
    writeExport(out, made, manifestOf),
    TE.map((written) => {
      const manifest = manifestOf(out, written)
      if (options.json) sayJson(manifest)
      else
        say(
          `${counted(manifest.events, 'event')} of ${counted(manifest.runs, 'run')}, ${count(manifest.bytes)} bytes, in ${out}`,
        )
      return EXIT.done
    }),
    TE.orElse((failure) => async (): Promise<Outcome> => exportFailure(failure)),
  )()
}

const exportFailure = ({ _tag, detail }: SinkFailure): Outcome => {
  switch (_tag) {
    case 'Unwritable':
      return failed(EXIT.usage, detail)
    case 'Empty':
      return failed(EXIT.refused, `${detail}: add --allow-empty where that is meant`)
    case 'Stopped':
    case 'Unreadable':
      return failed(EXIT.store, `it could not be read to its end, and is cut: ${detail}`)
    default:
      return _tag satisfies never
  }
}
