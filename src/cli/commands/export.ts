/** `run-ledger export`: the ledger as a file, to be moved, kept, or looked at by other programs. */
import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import { right } from 'fp-ts/lib/Either.js'
import type { LedgerConfig } from '../../config.ts'
import type { EntryFilters } from '../../read-model/read-model.ts'
import { EXPORT_FORMATS, type Export, type ExportFormat } from '../../transfer/export.ts'
import type { Manifest } from '../../transfer/manifest.ts'
import type { SinkFailure } from '../../transfer/sink.ts'
import { withTrail } from '../open-trail.ts'
import { type CommonOptions, examples, withCloudEventsSource, withJson, withLedgerOptions } from '../options.ts'
import { type Ending, EXIT, failed, type Outcome, usageFailure } from '../outcome.ts'
import { entryFiltersOf, type FilterOptions, isFiltered, withEntryFilters } from '../query-options.ts'
import {
  count,
  counted,
  type Interruption,
  interruption,
  print,
  progressBar,
  say,
  sayJson,
  statusOf,
} from '../terminal.ts'
import { boundYoungGeneration } from '../young-generation.ts'

type ExportOptions = CommonOptions &
  FilterOptions &
  Readonly<{ format: ExportFormat; out?: string; cloudEventsSource?: string }>

export const addExport = (program: Command, ending: Ending): void => {
  const command = program
    .command('export')
    .description('Write the ledger, or its audit trail, to a file or to standard output.')
    .addOption(new Option('--format <format>', 'what to write').choices(EXPORT_FORMATS).makeOptionMandatory())
    .option('--out <file>', 'the file, packed if it ends in .gz, with a manifest beside it (default: standard output)')
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
    .action(ending(exportTo))
}

const exportTo = async (options: ExportOptions): Promise<Outcome> => {
  const { cloudEventsSourceOf, ledgerConfigOf } = await import('../../config.ts')
  const [config, source] = [ledgerConfigOf(options), cloudEventsSourceOf(options.cloudEventsSource)]
  if (config._tag === 'Left') return usageFailure(config.left)
  if (source._tag === 'Left') return usageFailure(source.left)
  const filters = await entryFiltersOf(options)
  if (filters._tag === 'Left') return usageFailure(filters.left)
  if (options.json === true && options.out === undefined)
    return failed(EXIT.usage, '--json describes the file that was written: give --out FILE')
  const { format } = options
  if (format === 'ledger' && isFiltered(filters.right))
    return failed(EXIT.usage, '--format ledger takes no filters: a part of a ledger is none')
  const stop = interruption()
  const use: Use = (made) =>
    options.out === undefined ? toOutput(made, stop.signal) : toFile(made, options.out, options)
  const outcome =
    format === 'ledger'
      ? await withEvents(config.right, stop, use)
      : await withEntries(config.right, { format, filters: filters.right, source: source.right }, stop, use)
  const by = stop.by()
  stop.release()
  return by === null ? outcome : failed(statusOf(by), 'stopped before the end: nothing is kept of it')
}

type Use = (made: Export) => Promise<Outcome>

const withEvents = async (config: LedgerConfig, stop: Interruption, use: Use): Promise<Outcome> => {
  const [{ eventsIn, openLog }, { exportLedger }] = await Promise.all([
    import('../open-ledger.ts'),
    import('../../transfer/export-ledger.ts'),
  ])
  const log = await openLog(config)
  if (log._tag === 'Left') return log
  const store = log.right
  const head = await store.headPosition()()
  const bar = await progressBar('Exporting', await eventsIn(store))
  const outcome =
    head._tag === 'Left'
      ? failed(EXIT.store, `the log cannot be read: ${head.left.detail}`)
      : await use(exportLedger(store, head.right, { onProgress: bounding(bar.update), signal: stop.signal }))
  bar.stop()
  await store.close()
  return outcome
}

type Wanted = Readonly<{ format: Exclude<ExportFormat, 'ledger'>; filters: EntryFilters; source: string }>

const withEntries = (
  config: LedgerConfig,
  { format, filters, source }: Wanted,
  stop: Interruption,
  use: Use,
): Promise<Outcome> =>
  withTrail(config, async (readModel, { events }) => {
    const [{ entryForm, exportEntries }, { exportXes }] = await Promise.all([
      import('../../transfer/export-entries.ts'),
      import('../../transfer/export-xes.ts'),
    ])
    const until = readModel.position()
    const bar = await progressBar('Exporting', isFiltered(filters) ? null : events)
    const watch = { onProgress: bounding(bar.update), signal: stop.signal }
    const outcome = await use(
      format === 'xes'
        ? exportXes(readModel, filters, until, watch)
        : exportEntries(readModel, entryForm(format, source), { ...filters, sort: 'position', until }, watch),
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
  const detail = fault()
  return detail === null ? right(EXIT.done) : sinkFailure({ _tag: 'Unreadable', detail })
}

const toFile = async (made: Export, out: string, options: ExportOptions): Promise<Outcome> => {
  const [{ writeFile }, { writeManifest }] = await Promise.all([
    import('../../transfer/sink.ts'),
    import('../../transfer/manifest.ts'),
  ])
  const made_at = new Date().toISOString()
  const written = await writeFile(out, made)
  if (written._tag === 'Left') return sinkFailure(written.left)
  const manifest: Manifest = {
    file: basename(out),
    format: options.format,
    ...made.counts(),
    ...written.right,
    made_at,
  }
  await writeManifest(out, manifest)
  if (options.json) sayJson(manifest)
  else
    say(
      `${counted(manifest.events, 'event')} of ${counted(manifest.runs, 'run')}, ${count(manifest.bytes)} bytes, in ${out}`,
    )
  return right(EXIT.done)
}

const sinkFailure = ({ _tag, detail }: SinkFailure): Outcome =>
  _tag === 'Unwritable'
    ? failed(EXIT.usage, detail)
    : failed(EXIT.store, `it could not be read to its end, and is cut: ${detail}`)
