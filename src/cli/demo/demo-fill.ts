/** Fills a ledger with made-up decisions, through its commands; a ledger that has them already takes none twice. */
import { type Either, right } from 'fp-ts/lib/Either.js'
import { commandOfLine, type LineContext } from '../../api/command-line.ts'
import { START } from '../../event-store/event-store.ts'
import { readRunAt } from '../../ledger/history.ts'
import type { RunCommand } from '../../run/commands.ts'
import { type Time, timeOf } from '../../run/time.ts'
import type { OpenLedger } from '../open-ledger.ts'
import { type CliFailure, EXIT, failed } from '../outcome.ts'
import { progressBar } from '../terminal.ts'
import { DEMO_DAYS, type DemoLine, demoLines, firstDemoRun } from './demo-decisions.ts'

export type FillOptions = Readonly<{
  /** How messages name the ledger. */
  data: string
  seed: number
  /** Ends the filling early; the next one goes on. */
  signal: AbortSignal
}>

export type Filled = Readonly<{ lines: readonly DemoLine[]; runs: number }>

/** Refused where the ledger holds something else than the demo of this seed. */
export const fill = async (
  { store, ledger }: OpenLedger,
  { data, seed, signal }: FillOptions,
): Promise<Either<CliFailure, Filled>> => {
  const from = await windowOf({ store, ledger }, data, seed)
  if (from._tag === 'Left') return from
  const lines = demoLines({ seed, from: from.right })
  const bar = await progressBar('Making decisions up', lines.length)
  for (let at = 0; at < lines.length && !signal.aborted; at += BATCH) {
    const answers = await ledger.executeBatch(lines.slice(at, at + BATCH).map(commandOf))
    const unavailable = answers.find((answer) => answer._tag === 'Left' && answer.left._tag === 'CommandUnavailable')
    if (unavailable !== undefined) {
      bar.stop()
      return failed(EXIT.store, `the store in ${data} failed: start the demo again to go on`)
    }
    bar.update(at + answers.length)
  }
  bar.stop()
  return right({ lines, runs: new Set(lines.map(({ run_id }) => run_id)).size })
}

const BATCH = 1024

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** When the decisions begin: as the log has it, or so that they end about now. */
const windowOf = async (
  { store }: Pick<OpenLedger, 'store' | 'ledger'>,
  data: string,
  seed: number,
): Promise<Either<CliFailure, Time>> => {
  const first = await readRunAt(store)(firstDemoRun(seed))()
  if (first._tag === 'Right') return right(first.right.run.created_at)
  const head = await store.headPosition()()
  if (first.left._tag !== 'RunNotFound' || head._tag === 'Left' || head.right !== START)
    return failed(
      EXIT.refused,
      `${data} holds another ledger than this demo's, and the demo leaves it alone`,
      'give a directory of its own: --data DIR',
    )
  const now = Date.now()
  return right(timeOf(now - (now % MINUTE_MS) - DEMO_DAYS * DAY_MS))
}

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
