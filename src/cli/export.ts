/** `run-ledger export`: the ledger as a file, to be moved, kept, or looked at by other programs. */
import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import { right } from 'fp-ts/lib/Either.js'
import type { LedgerConfig } from '../config.ts'
import { START } from '../event-store/event-store.ts'
import type { Export } from '../transfer/export.ts'
import { EXPORT_FORMATS, type ExportFormat, type Manifest } from '../transfer/manifest.ts'
import type { SinkFailure } from '../transfer/sink.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from './options.ts'
import { type Ending, EXIT, failed, type Outcome, usageFailure } from './outcome.ts'
import { count, counted, type Interruption, interruption, progressBar, say, sayJson, statusOf } from './terminal.ts'
import { boundYoungGeneration } from './young-generation.ts'

type ExportOptions = CommonOptions & Readonly<{ format: ExportFormat; out?: string }>

export const addExport = (program: Command, ending: Ending): void => {
  const command = program
    .command('export')
    .description('Write the ledger to a file or to standard output.')
    .addOption(new Option('--format <format>', 'what to write').choices(EXPORT_FORMATS).makeOptionMandatory())
    .option('--out <file>', 'the file, packed if it ends in .gz, with a manifest beside it (default: standard output)')
  withJson(withLedgerOptions(command))
    .addHelpText(
      'after',
      examples(
        'run-ledger export --format ledger --out ledger.ndjson.gz --data ./ledger',
        'run-ledger export --format ledger --data ./ledger | run-ledger import --ledger - --data ./moved',
      ),
    )
    .action(ending(exportLedgerTo))
}

const exportLedgerTo = async (options: ExportOptions): Promise<Outcome> => {
  const { ledgerConfigOf } = await import('../config.ts')
  const config = ledgerConfigOf(options)
  if (config._tag === 'Left') return usageFailure(config.left)
  if (options.json === true && options.out === undefined)
    return failed(EXIT.usage, '--json describes the file that was written: give --out FILE')
  const stop = interruption()
  const outcome = await withExport(config.right, options, stop, (made) =>
    options.out === undefined ? toOutput(made) : toFile(made, options.out, options),
  )
  const by = stop.by()
  stop.release()
  return by === null ? outcome : failed(statusOf(by), 'stopped before the end: nothing is kept of it')
}

/** What is exported, and what lets go of the files that it is read from. */
type Use = (made: Export) => Promise<Outcome>

const withExport = async (config: LedgerConfig, _options: ExportOptions, stop: Interruption, use: Use) => {
  const [{ openLog }, { exportLedger }] = await Promise.all([
    import('./open-ledger.ts'),
    import('../transfer/export-ledger.ts'),
  ])
  const log = await openLog(config)
  if (log._tag === 'Left') return log
  const store = log.right
  const head = await store.headPosition()()
  const all = await store.backlog(START)()
  const bar = await progressBar('Exporting', all._tag === 'Right' ? all.right.events : null)
  const outcome =
    head._tag === 'Left'
      ? failed(EXIT.store, `the log cannot be read: ${head.left.detail}`)
      : await use(exportLedger(store, head.right, { onProgress: bounding(bar.update), signal: stop.signal }))
  bar.stop()
  await store.close()
  return outcome
}

const bounding = (onProgress: (events: number) => void) => {
  const boundMemory = boundYoungGeneration()
  return (events: number) => {
    boundMemory()
    onProgress(events)
  }
}

const toOutput: Use = async (made) => {
  const { writeOutput } = await import('../transfer/sink.ts')
  const written = await writeOutput(made)
  return written._tag === 'Left' ? sinkFailure(written.left) : right(EXIT.done)
}

const toFile = async (made: Export, out: string, options: ExportOptions): Promise<Outcome> => {
  const [{ writeFile }, { writeManifest }] = await Promise.all([
    import('../transfer/sink.ts'),
    import('../transfer/manifest.ts'),
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
