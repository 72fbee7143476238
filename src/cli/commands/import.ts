/** `run-ledger import FILE`: takes in a file of commands, here or through a server. */
import { type FileHandle, open } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Either, right } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ImportEnd, Imported, ImportWatch } from '../../transfer/import.ts'
import type { Waiting } from '../../transfer/patience.ts'
import type { Source } from '../../transfer/source.ts'
import { AGAIN, lagging, tellSilence, tellTrouble } from '../importing.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options.ts'
import { type CliFailure, type Ending, EXIT, failed, type Outcome, usageFailure } from '../outcome.ts'
import {
  count,
  counted,
  type Interruption,
  interruption,
  progressBar,
  remark,
  say,
  sayJson,
  statusOf,
} from '../terminal.ts'
import { boundYoungGeneration } from '../young-generation.ts'

type ImportOptions = CommonOptions & Readonly<{ ledger?: boolean; rejects?: string; url?: string }>

export const addImport = (program: Command, ending: Ending): void => {
  const command = program
    .command('import')
    .description(
      'Take in commands, one a line (NDJSON, plain or gzip). Safe to repeat: what was taken in before is not taken twice.',
    )
    .argument('<file>', 'the file, or - for standard input')
    .option('--rejects <file>', 'write refused lines there, with the reason of each')
    .option('--url <address>', 'send the lines to this running server')
    .option('--ledger', 'the file is an export with --format ledger: append its events to an empty ledger')
  withJson(withLedgerOptions(command))
    .addHelpText(
      'after',
      examples(
        'run-ledger import runs.ndjson.gz --data ./ledger',
        'run-ledger import runs.ndjson --rejects refused.ndjson --json',
        'zcat day-*.gz | run-ledger import - --url http://127.0.0.1:8080',
        'run-ledger import --ledger ledger.ndjson.gz --data ./moved',
      ),
    )
    .action(
      ending((file: string, options: ImportOptions) => {
        // From the environment a directory is only a default; beside --url on the command line it is a mistake.
        const isMeant = (name: string) => command.getOptionValueSource(name) === 'cli'
        if (options.url !== undefined && ['data', 'eventStore', 'readModel', 'streamPrefix'].some(isMeant))
          return Promise.resolve(failed(EXIT.usage, 'give either --url, or where the data is, not both'))
        return options.ledger === true ? importEvents(file, options) : importFile(file, options)
      }),
    )
}

const importEvents = async (file: string, options: ImportOptions): Promise<Outcome> => {
  if (options.url !== undefined || options.rejects !== undefined)
    return failed(EXIT.usage, '--ledger goes with neither --url nor --rejects: all events are taken, or none')
  const { importLedgerFile } = await import('./import-ledger.ts')
  return importLedgerFile(file, options)
}

const importFile = async (file: string, options: ImportOptions): Promise<Outcome> => {
  const [{ checkFiles }, { openSource }, { ledgerConfigOf }] = await Promise.all([
    import('../file-safety.ts'),
    import('../../transfer/source.ts'),
    import('../../config.ts'),
  ])
  const config = options.url === undefined ? ledgerConfigOf(options) : right(null)
  if (config._tag === 'Left') return usageFailure(config.left)
  const { rejects } = options
  const safe = checkFiles(config.right, { inputs: [file], outputs: rejects === undefined ? [] : [rejects] })
  if (safe._tag === 'Left') return safe
  const source = await openSource(file)
  if (source._tag === 'Left') return failed(EXIT.usage, source.left.detail)
  const outcome = await importSource(source.right, options)
  source.right.close()
  return outcome
}

const importSource = async (source: Source, options: ImportOptions): Promise<Outcome> => {
  const way = await (options.url === undefined ? wayIntoFiles(options) : wayToServer(options.url))
  if (way._tag === 'Left') return way
  const rejects = await openRejects(options.rejects)
  // Until here nothing is under way that a signal could not end at once.
  const stop = interruption()
  const outcome = rejects._tag === 'Left' ? rejects : await take(way.right, source, rejects.right, stop, options)
  if (rejects._tag === 'Right') await rejects.right.close()
  await way.right.close()
  stop.release()
  return outcome
}

/** A door, and what else an import needs of the ledger behind it. */
type Way = Readonly<{
  take: (source: Source, watch: ImportWatch, waiting: Partial<Waiting>) => Promise<Imported>
  /** Waits until the read model holds what was taken in; null where it does. */
  projected: (waiting: Partial<Waiting>) => Promise<string | null>
  close: () => Promise<void>
}>

const wayIntoFiles = async (options: ImportOptions): Promise<Either<CliFailure, Way>> => {
  const [{ ledgerConfigOf }, { caughtUp, openLedger }] = await Promise.all([
    import('../../config.ts'),
    import('../open-ledger.ts'),
  ])
  const config = ledgerConfigOf(options)
  if (config._tag === 'Left') return usageFailure(config.left)
  const opening = openLedger(config.right, { log: tellTrouble })
  const [{ ledgerDoor }, { importLines }] = await Promise.all([
    import('../../transfer/ledger-door.ts'),
    import('../../transfer/import.ts'),
  ])
  const opened = await opening
  if (opened._tag === 'Left') return opened
  return right({
    take: async (source, watch, waiting) => {
      const { ledger, store } = opened.right
      const head = await store.headPosition()()
      const before = head._tag === 'Right' ? { before: head.right } : {}
      return importLines(source, ledgerDoor(ledger, { ...waiting, ...before }), watch)
    },
    projected: (waiting) => caughtUp(opened.right, waiting),
    close: opened.right.close,
  })
}

const wayToServer = async (address: string): Promise<Either<CliFailure, Way>> => {
  const [{ serverUrlOf }, { projectedBy, serverDoor }, { importLines }] = await Promise.all([
    import('../../config.ts'),
    import('../../transfer/server-door.ts'),
    import('../../transfer/import.ts'),
  ])
  const url = serverUrlOf(address)
  if (url._tag === 'Left') return usageFailure(url.left)
  return right({
    take: (source, watch, waiting) => importLines(source, serverDoor(url.right, waiting), watch),
    projected: async (waiting) => {
      const projected = await projectedBy(url.right, waiting)
      return projected._tag === 'Left' ? projected.left.detail : null
    },
    close: () => Promise.resolve(),
  })
}

/** Where refused lines go. */
type Rejects = Readonly<{ write: ImportWatch['onRejected']; close: () => Promise<void> }>

const openRejects = async (path: string | undefined): Promise<Either<CliFailure, Rejects>> => {
  if (path === undefined) return right(rejectsOnTerminal())
  try {
    const handle = await open(path, 'w')
    return right({ write: writerTo(path, handle), close: () => handle.close() })
  } catch (error) {
    return failed(EXIT.usage, unwritable(path, error))
  }
}

const writerTo =
  (path: string, handle: FileHandle): ImportWatch['onRejected'] =>
  (rejected) =>
    TE.tryCatch(
      async () => {
        const { rejectLine } = await import('../../transfer/rejects.ts')
        await handle.appendFile(rejected.map(rejectLine).join(''))
      },
      (error) => unwritable(path, error),
    )

const unwritable = (path: string, error: unknown): string =>
  `${path} cannot be written (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`

const SHOWN = 5

/** Without a file the first few are shown: enough to see what is wrong. */
const rejectsOnTerminal = (): Rejects => {
  let shown = 0
  return {
    write: (rejected) =>
      TE.fromIO(() => {
        for (const { line, problem } of rejected.slice(0, SHOWN - shown))
          remark(`line ${line} was refused: ${problem.title}: ${problem.detail}`)
        if (shown < SHOWN && shown + rejected.length > SHOWN) remark('more were refused: add --rejects FILE to see all')
        shown = Math.min(SHOWN, shown + rejected.length)
      }),
    close: () => Promise.resolve(),
  }
}

const take = async (
  way: Way,
  source: Source,
  rejects: Rejects,
  stop: Interruption,
  options: ImportOptions,
): Promise<Outcome> => {
  const started = performance.now()
  const bar = await progressBar('Importing', source.size)
  const boundMemory = boundYoungGeneration()
  const { signal } = stop
  const onProgress = (bytes: number) => {
    bar.update(bytes)
    boundMemory()
  }
  const onSilence = tellSilence(bar)
  const { counts, end } = await way.take(
    source,
    { onRejected: rejects.write, onProgress, signal },
    { onSilence, signal },
  )
  bar.stop()
  const isTaken = end._tag !== 'DoorClosed' && end._tag !== 'Interrupted'
  const lag = isTaken ? await way.projected({ onSilence, signal }) : null
  const seconds = Math.round(performance.now() - started) / 1000
  if (options.json) sayJson({ ...counts, seconds })
  else say(summaryOf(counts, seconds))
  if (lag !== null) return lagging(lag, stop)
  return outcomeOf(end, counts.rejected, stop)
}

const summaryOf = (counts: Imported['counts'], seconds: number): string => {
  const { lines, accepted, repeated, rejected } = counts
  return `${counted(lines, 'line')} in ${seconds.toFixed(1)} s: ${count(accepted)} accepted, ${count(repeated)} repeated, ${count(rejected)} refused`
}

const outcomeOf = (end: ImportEnd, rejected: number, stop: Interruption): Outcome => {
  switch (end._tag) {
    case 'Complete':
      return right(rejected === 0 ? EXIT.done : EXIT.refused)
    case 'Interrupted':
      return failed(statusOf(stop.by() ?? 'SIGINT'), `stopped after line ${end.line}`, AGAIN)
    case 'SourceBroken':
      return failed(EXIT.refused, `the input ends before its time, after line ${end.line}: ${end.detail}`)
    case 'RejectsUnwritable':
      return failed(EXIT.usage, `stopped after line ${end.line}: ${end.detail}`, AGAIN)
    case 'DoorClosed':
      return failed(EXIT.store, `stopped after line ${end.line}: ${end.detail}`, AGAIN)
    default:
      return end satisfies never
  }
}
