/** `run-ledger import --ledger FILE`: appends the stored events of an export to another store. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { LedgerConfig } from '../../config.ts'
import { importLedger, type Moved } from '../../transfer/import-ledger.ts'
import { checkLedgerFile } from '../../transfer/ledger-reader.ts'
import { manifestFault } from '../../transfer/manifest.ts'
import type { Source } from '../../transfer/source.ts'
import { parseCheckpoint } from '../../trust/formats/checkpoint.ts'
import { appendLogEvent } from '../../trust/log/log-events.ts'
import { AGAIN, lagging, remarkOnFaults, remarkOnOutage, withSource } from '../importing.ts'
import { type Interruption, interruptible, statusOf } from '../interruption.ts'
import { checkFiles } from '../ledger/file-safety.ts'
import { caughtUp, type OpenLedger, openLedger } from '../ledger/open-ledger.ts'
import { boundYoungGeneration } from '../ledger/young-generation.ts'
import type { JsonOption } from '../options/options.ts'
import { type CliFailure, cliFailure, closing, done, EXIT, failed, type Outcome } from '../outcome.ts'
import { remark, say, sayJson } from '../output/output.ts'
import { type Progress, withProgress } from '../output/progress.ts'
import { count, counted } from '../output/wording.ts'
import { readText } from './trust/arguments.ts'

/** A file is read to its end before the first event is stored; standard input can only be checked as it comes. */
export const importLedgerFile = (file: string, config: LedgerConfig, options: ImportLedgerOptions): Outcome =>
  pipe(
    TE.fromEither(checkFiles(config, { inputs: [file] })),
    TE.tap(() => (file === '-' ? TE.right(undefined) : checkFile(file))),
    TE.flatMap(() => TE.fromEither(lastNoteIn(options.checkpoint))),
    TE.flatMap((note) =>
      pipe(
        moveInto(config, file, options),
        TE.tap((status) => (note === null || status !== EXIT.done ? TE.right(undefined) : rememberMove(config, note))),
      ),
    ),
  )

type ImportLedgerOptions = JsonOption & Readonly<{ checkpoint?: string }>

/** The last checkpoint of the log that the file came from; null where none is given. */
const lastNoteIn = (path: string | undefined): E.Either<CliFailure, string | null> =>
  path === undefined
    ? E.right(null)
    : pipe(
        readText(path),
        E.tap((note) =>
          pipe(
            parseCheckpoint(note),
            E.mapLeft(({ detail }) => cliFailure(EXIT.usage, `--checkpoint ${path} is none: ${detail}`)),
          ),
        ),
      )

/** The new log says which one it continues. */
const rememberMove = ({ eventStore }: LedgerConfig, last_note: string): TE.TaskEither<CliFailure, void> =>
  pipe(
    appendLogEvent(
      eventStore,
      { type: 'LedgerMoved', data: { last_note } },
      { actor: 'run-ledger', occurred_at: new Date().toISOString() },
    ),
    TE.mapLeft((failure) =>
      cliFailure(EXIT.store, `the event of the move cannot be stored: ${JSON.stringify(failure)}`, AGAIN),
    ),
  )

/** Whether the file is whole, and what its manifest says. */
const checkFile = (file: string): TE.TaskEither<CliFailure, void> =>
  withSource(file, (source) =>
    pipe(
      TE.fromTask(() => manifestFault(file)),
      TE.flatMap((fault) => (fault === null ? TE.right(undefined) : TE.left(`${file} is damaged: ${fault}`))),
      TE.flatMap(() =>
        pipe(
          () => checkLedgerFile(source),
          TE.mapLeft((fault) => `${file}, ${faultOf(fault)}`),
        ),
      ),
      TE.bimap(
        (why) => cliFailure(EXIT.refused, `nothing was imported: ${why}`),
        () => undefined,
      ),
    ),
  )

const faultOf = ({ line, detail }: Readonly<{ line: number | null; detail: string }>): string =>
  line === null ? detail : `line ${line}: ${detail}`

const moveInto = (config: LedgerConfig, file: string, options: JsonOption): Outcome =>
  withSource(file, (source) =>
    TE.bracket(
      openLedger(config, { log: remarkOnFaults }),
      // Until here nothing is under way that a signal could not end at once.
      (opened) => interruptible((stop) => run({ opened, source, stop }, options)),
      closing,
    ),
  )

type Move = Readonly<{ opened: OpenLedger; source: Source; stop: Interruption }>

const run = (given: Move, { json }: JsonOption): Outcome => {
  const started = performance.now()
  return pipe(
    withProgress('Importing', given.source.size, (bar) => TE.fromTask(() => moveAll(given, bar))),
    TE.flatMap(({ moved, lag }) => {
      const seconds = Math.round(performance.now() - started) / 1000
      if (json) sayJson({ ...moved.counts, seconds })
      else say(summaryOf(moved.counts, seconds))
      if (moved.counts.displaced > 0)
        remark(`${counted(moved.counts.displaced, 'event')} of other runs stand in another order than in the file`)
      return lag === null ? endOf(moved, given.stop) : TE.left(lagging(lag, given.stop))
    }),
  )
}

/** What was moved, and why the read model lags, null where it does not. */
const moveAll = async (
  { opened, source, stop: { signal } }: Move,
  bar: Progress,
): Promise<Readonly<{ moved: Moved; lag: string | null }>> => {
  const boundMemory = boundYoungGeneration()
  const onProgress = (bytes: number) => {
    bar.update(bytes)
    boundMemory()
  }
  const onOutage = remarkOnOutage(bar)
  const moved = await importLedger(source, opened.store, { onProgress, onOutage, signal })
  bar.stop()
  if (moved.end._tag !== 'Complete') return { moved, lag: null }
  const lag = await pipe(
    caughtUp(opened, { onOutage, signal }),
    TE.match(
      (why) => why,
      () => null,
    ),
  )()
  return { moved, lag }
}

const summaryOf = ({ events, stored, repeated }: Moved['counts'], seconds: number): string =>
  `${counted(events, 'event')} in ${seconds.toFixed(1)} s: ${count(stored)} stored, ${count(repeated)} repeated`

const endOf = ({ end, counts }: Moved, stop: Interruption): Outcome => {
  const after = `stopped after ${counted(counts.events, 'event')}`
  switch (end._tag) {
    case 'Complete':
      return done
    case 'Interrupted':
      return failed(statusOf(stop.by() ?? 'SIGINT'), after, AGAIN)
    case 'FileRefused':
      return failed(EXIT.refused, `${after}: ${faultOf(end)}`, 'import the whole file to go on')
    case 'StoreNotEmpty':
      return failed(
        EXIT.refused,
        `${after}: this ledger is not empty: ${end.detail}`,
        'import into an empty one, or into what an interrupted import of the same file left',
      )
    case 'StoreLost':
      return failed(EXIT.store, `${after}: the store failed: ${end.detail}`, AGAIN)
    default:
      return end satisfies never
  }
}
