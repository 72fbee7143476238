/** `run-ledger history` and `run-ledger replay`: one run, event by event, read from the log. */
import type { Command } from 'commander'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { UsageFailure } from '../../config.ts'
import type { EventStore } from '../../event-store/event-store.ts'
import type { HistoryFailure } from '../../ledger/failures.ts'
import type { Moment } from '../../ledger/history.ts'
import { type CommonOptions, examples, withJson, withLedgerOptions } from '../options.ts'
import { type Ending, EXIT, failed, type Outcome, usageFailure } from '../outcome.ts'
import { timeOption } from '../query-options.ts'
import { remark, say, shown } from '../terminal.ts'

type ReplayOptions = CommonOptions & Readonly<{ asOf?: string; knownAt?: string; revision?: string }>

export const addHistory = (program: Command, ending: Ending): void => {
  const command = program
    .command('history')
    .description('The audit trail of one run: who changed what, when and why, oldest first.')
    .argument('<run_id>', 'the run')
  withJson(withLedgerOptions(command))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger history loan-1 --data ./ledger',
        'run-ledger history loan-1 --json | jq -r \'select(.actor == "alice") | .occurred_at\'',
      )}

With --json each Entry is a line of JSON. It is read from the log itself, also beside a running server.`,
    )
    .action(
      ending((run_id: string, options: CommonOptions) => withLog(options, (log) => showHistory(log, run_id, options))),
    )
}

export const addReplay = (program: Command, ending: Ending): void => {
  const command = program
    .command('replay')
    .description('Fold a run again, event by event: what each changed, and the Run that it led to.')
    .argument('<run_id>', 'the run')
    .option('--as-of <time>', 'up to what had occurred then in the world')
    .option('--known-at <time>', 'up to what the ledger knew then')
    .option('--revision <n>', 'up to this event')
  withJson(withLedgerOptions(command))
    .addHelpText(
      'after',
      `${examples(
        'run-ledger replay loan-1 --data ./ledger',
        'run-ledger replay loan-1 --as-of 2026-05-04T12:00:00Z',
        "run-ledger replay loan-1 --json | jq -c '[.revision, .run.status]'",
      )}

With --json each step is a line {"revision","entry","run"}, with the Run after it.`,
    )
    .action(
      ending(async (run_id: string, options: ReplayOptions) => {
        const moment = await momentOf(options)
        if (moment._tag === 'Left') return usageFailure(moment.left)
        return withLog(options, (log) => showReplay(log, run_id, moment.right, options))
      }),
    )
}

const withLog = async (options: CommonOptions, use: (log: EventStore) => Promise<Outcome>): Promise<Outcome> => {
  const [{ ledgerConfigOf }, { openLog }] = await Promise.all([import('../../config.ts'), import('../open-ledger.ts')])
  const config = ledgerConfigOf(options)
  if (config._tag === 'Left') return usageFailure(config.left)
  const log = await openLog(config.right)
  if (log._tag === 'Left') return log
  const outcome = await use(log.right)
  await log.right.close()
  return outcome
}

const momentOf = async ({ asOf, knownAt, revision }: ReplayOptions): Promise<Either<UsageFailure, Moment>> => {
  if (revision === undefined) {
    const [as_of, known_at] = [await timeOption('--as-of', asOf), await timeOption('--known-at', knownAt)]
    if (as_of._tag === 'Left') return as_of
    return known_at._tag === 'Left' ? known_at : right({ as_of: as_of.right, known_at: known_at.right })
  }
  if (asOf !== undefined || knownAt !== undefined)
    return left({ _tag: 'UsageFailure', detail: '--revision stands alone: give it without --as-of and --known-at' })
  const { wholeNumberOf } = await import('../../config.ts')
  const number = wholeNumberOf('--revision', revision, { least: 0, most: 999_999_999 })
  return number._tag === 'Left' ? number : right({ revision: number.right })
}

const showHistory = async (log: EventStore, run_id: string, options: CommonOptions): Promise<Outcome> => {
  const [{ readTrail }, { entryOf, entryTextOf }, { HISTORY_HEADER, historyLine }] = await Promise.all([
    import('../../ledger/history.ts'),
    import('../../../projections/audit-entry.ts'),
    import('../entry-text.ts'),
  ])
  let events = 0
  const read = await readTrail(log)(run_id, (stored, transition) => {
    if (events === 0 && options.json !== true) say(HISTORY_HEADER)
    events += 1
    say(options.json === true ? entryTextOf(stored, transition).text : historyLine(entryOf(stored, transition)))
  })()
  if (read._tag === 'Left') return historyFailure(run_id, read.left)
  if (read.right !== null) remark(`run-ledger: ${unreadable(read.right)}`)
  return right(EXIT.done)
}

const showReplay = async (
  log: EventStore,
  run_id: string,
  moment: Moment,
  options: CommonOptions,
): Promise<Outcome> => {
  const [{ replayRun }, { entryOf, entryTextOf }, { painted, stepLines }] = await Promise.all([
    import('../../ledger/history.ts'),
    import('../../../projections/audit-entry.ts'),
    import('../entry-text.ts'),
  ])
  const replayed = await replayRun(log)(run_id, moment, (stored, transition) => {
    if (options.json === true) {
      const entry = entryTextOf(stored, transition).text
      say(`{"revision":${stored.revision},"entry":${entry},"run":${JSON.stringify(transition.after)}}`)
    } else for (const line of stepLines(entryOf(stored, transition))) say(line)
  })()
  if (replayed._tag === 'Left') return historyFailure(run_id, replayed.left)
  const { run, revision } = replayed.right
  if (options.json !== true) {
    say(painted('bold', `\nthe run after revision ${revision}`))
    for (const line of JSON.stringify(run, null, 2).split('\n')) say(shown(line))
  }
  return right(EXIT.done)
}

const historyFailure = (run_id: string, failure: HistoryFailure): Outcome => {
  switch (failure._tag) {
    case 'RunNotFound':
      return failed(EXIT.refused, `no run has the id ${run_id}`)
    case 'RunNotYetCreated':
      return failed(EXIT.refused, `${run_id} had not been created then, or the ledger did not know of it yet`)
    case 'NoSuchRevision':
      return failed(EXIT.refused, `${run_id} has no such revision: its last one is ${failure.last}`)
    case 'RunUnreadable':
      return failed(EXIT.refused, unreadable(failure))
    case 'RunDeleted':
      return failed(EXIT.refused, `${run_id} was deleted`)
    case 'LogUnavailable':
      return failed(EXIT.store, `the log cannot be read: ${failure.detail}`)
    default:
      return failure satisfies never
  }
}

const unreadable = ({ run_id, revision, type, detail }: Extract<HistoryFailure, { _tag: 'RunUnreadable' }>): string =>
  `${run_id} cannot be read from revision ${revision} on (${type}: ${detail})`
