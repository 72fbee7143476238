/** Fills a ledger with made-up decisions, through its commands; a ledger that has them already takes none twice. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { commandOfLine, type LineContext } from '../../api/command-line.ts'
import { START } from '../../event-store/event-store.ts'
import { readRunAt } from '../../ledger/history.ts'
import type { RunCommand } from '../../run/commands.ts'
import { type Time, timeOf } from '../../run/time.ts'
import { caughtUp, type OpenLedger } from '../open-ledger.ts'
import { type CliFailure, cliFailure, EXIT, failed } from '../outcome.ts'
import { withProgress } from '../progress.ts'
import { DEMO_DAYS, type DemoLine, demoLines, firstDemoRun } from './demo-decisions.ts'

export type FillOptions = Readonly<{
  /** The ledger's directory, for messages. */
  data: string
  seed: number
  /** Ends the filling early; the next start goes on. */
  signal: AbortSignal
}>

export type Filled = Readonly<{ lines: readonly DemoLine[]; runs: number }>

/** Null where `signal` ended it early. Refused where the ledger holds something else than the demo of this seed. */
export const fill = (opened: OpenLedger, options: FillOptions): TE.TaskEither<CliFailure, Filled | null> =>
  pipe(
    windowOf(opened, options),
    TE.map((from) => demoLines({ seed: options.seed, from })),
    TE.tap((lines) => storeAll(opened, lines, options)),
    TE.flatMap((lines) =>
      pipe(
        caughtUp(opened, { signal: options.signal }),
        TE.match(
          () => null,
          () => ({ lines, runs: new Set(lines.map(({ run_id }) => run_id)).size }),
        ),
        TE.fromTask,
      ),
    ),
  )

const storeAll = (
  { ledger }: OpenLedger,
  lines: readonly DemoLine[],
  { data, signal }: FillOptions,
): TE.TaskEither<CliFailure, void> =>
  withProgress('Making decisions up', lines.length, (bar) => async () => {
    for (let at = 0; at < lines.length && !signal.aborted; at += BATCH) {
      const answers = await ledger.executeBatch(lines.slice(at, at + BATCH).map(commandOf))
      if (answers.some((answer) => answer._tag === 'Left' && answer.left._tag === 'CommandUnavailable'))
        return failed(EXIT.store, `the store in ${data} failed: start the demo again to go on`)()
      bar.update(at + answers.length)
    }
    return E.right(undefined)
  })

const BATCH = 1024

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** When the decisions begin: as the log has it, or so that they end about now. */
const windowOf = ({ store }: OpenLedger, { data, seed }: FillOptions): TE.TaskEither<CliFailure, Time> =>
  pipe(
    readRunAt(store)(firstDemoRun(seed)),
    TE.map(({ run }) => run.created_at),
    TE.orElse((failure) =>
      pipe(
        store.headPosition(),
        TE.filterOrElseW(
          (head) => failure._tag === 'RunNotFound' && head === START,
          () => null,
        ),
        TE.bimap(
          () => cliFailure(EXIT.refused, ...notTheDemo(data)),
          () => windowUntilNow(Date.now()),
        ),
      ),
    ),
  )

const notTheDemo = (data: string): readonly string[] => [
  `${data} holds another ledger than this demo's, and the demo leaves it alone`,
  'give a directory of its own: --data DIR',
]

const windowUntilNow = (now: number): Time => timeOf(now - (now % MINUTE_MS) - DEMO_DAYS * DAY_MS)

const commandOf = (line: DemoLine): RunCommand => {
  const command = commandOfLine(line, { ...CONTEXT, received_at: timeOf(Date.now()) })
  // The decisions are ours, so a fault in one is a bug.
  if (command._tag === 'Left') throw new Error(`a made-up line is wrong: ${JSON.stringify(command.left)}`)
  return command.right
}

const CONTEXT: Omit<LineContext, 'received_at'> = {
  recorded_by: { principal: null, via: 'cli' },
  defaultCommandId: () => null,
  defaultActor: 'demo',
}
