/** Import into a ledger of this process. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type CommandLine, commandOfLine } from '../api/command-line.ts'
import { type Problem, problemOf } from '../api/problems.ts'
import { later, type Position, START } from '../event-store/event-store.ts'
import type { CommandFailure } from '../ledger/failures.ts'
import type { BatchRecorded, Ledger } from '../ledger/ledger.ts'
import { unlessAborted } from '../lib/abortable.ts'
import type { RunCommand } from '../run/commands.ts'
import { commandIdOfFileLine } from '../run/ids.ts'
import { parseJson } from '../run/parse-json.ts'
import { timeOf } from '../run/time.ts'
import type { Answer, ImportTarget, TargetLost } from './import.ts'
import { createRetry, graceAfter, QUIET_RETRY, type RetryOptions } from './retry.ts'

/**
 * Commands of lines that name no actor are `anonymous`. Commands without a final result are executed again until they have
 * one or the retries end: their ids make that harmless, and the ledger keeps the order inside a run. `before`: the last
 * position of the log before this import.
 */
export const ledgerTarget = (
  ledger: Ledger,
  { before = START, ...waiting }: Partial<RetryOptions> & Readonly<{ before?: Position }> = {},
): ImportTarget<RunCommand> => {
  const wait = { ...QUIET_RETRY, ...waiting }
  const cut = graceAfter(wait.signal)
  let reached = before
  let current: Readonly<{ bytes: Buffer; number: number }> = { bytes: Buffer.alloc(0), number: 0 }
  const defaultCommandId = (line: CommandLine): string =>
    commandIdOfFileLine(current.bytes, line.occurred_at === undefined ? current.number : undefined)

  const prepare = (bytes: Buffer, number: number): E.Either<Problem, RunCommand> => {
    // Plain checks of `_tag`: this runs for every line, and `flatMap` takes about a microsecond.
    const json = parseJson(bytes)
    if (json._tag === 'Left') return E.left(problemOf(json.left))
    current = { bytes, number }
    const command = commandOfLine(json.right, {
      recorded_by: RECORDED_BY,
      received_at: timeOf(Date.now()),
      defaultCommandId,
      defaultActor: 'anonymous',
    })
    return command._tag === 'Left' ? E.left(problemOf({ _tag: 'Invalid', errors: command.left })) : command
  }

  const take = async (commands: readonly RunCommand[]): Promise<E.Either<TargetLost, readonly Answer[]>> => {
    const answers: Answer[] = new Array(commands.length)
    const taken: Taken = { before: reached, accepted: [] }
    const retry = createRetry(wait)
    let open: Open = commands.map((_, place) => ({ place, maybeStored: false }))
    for (;;) {
      const sent = open.map(({ place }) => commands[place] as RunCommand)
      const recorded = await unlessAborted(ledger.executeBatch(sent), cut)
      if (recorded === null) return targetLost('stopped while the store did not answer')
      const { unsettled, detail } = settle(open, recorded, answers, taken)
      reached = recorded.reduce(latestOf, reached)
      if (unsettled.length < open.length) retry.succeeded()
      if (unsettled.length === 0) return E.right(answers)
      if (!(await retry.waitAfter(detail))) return targetLost(`the store failed: ${detail}`)
      open = unsettled
    }
  }

  return { prepare, take }
}

const RECORDED_BY = { principal: null, via: 'import' } as const

/** Where in the batch the commands without a final answer stand, and whether an earlier try may have stored them. */
type Open = readonly Readonly<{ place: number; maybeStored: boolean }>[]

/** No command of the batch stands in the log up to `before`; `accepted`: those that this batch has stored. */
type Taken = Readonly<{ before: Position; accepted: BatchRecorded[] }>

/** Writes what is final into `answers`; what is left, and why. */
const settle = (open: Open, recorded: readonly Recorded[], answers: Answer[], taken: Taken) => {
  const unsettled: Open[number][] = []
  let detail = ''
  for (const [index, { place, maybeStored }] of open.entries()) {
    const answer = recorded[index] as Recorded
    if (isUnavailable(answer)) {
      const failure = answer.left
      const isUnknown = failure.outcome === 'unknown'
      detail ||= failure._tag === 'RunContended' ? 'others keep writing to its runs' : failure.detail
      unsettled.push({ place, maybeStored: maybeStored || isUnknown })
    } else answers[place] = answerOf(answer, maybeStored, taken)
  }
  return { unsettled, detail }
}

type Recorded = E.Either<CommandFailure, BatchRecorded>

const latestOf = (position: Position, answer: Recorded): Position =>
  pipe(
    answer,
    E.match(
      () => position,
      (stored) => later(position, stored.position),
    ),
  )

/** Worth another try: these are the answers with status 503. */
type Unavailable = Readonly<{
  _tag: 'Left'
  left: Extract<CommandFailure, { _tag: 'CommandUnavailable' | 'RunContended' }>
}>

const isUnavailable = (recorded: Recorded): recorded is Unavailable =>
  recorded._tag === 'Left' && (recorded.left._tag === 'CommandUnavailable' || recorded.left._tag === 'RunContended')

/** What an earlier try of this batch may have stored counts as accepted the first time that it is returned. */
const answerOf = (recorded: Recorded, maybeStored: boolean, { before, accepted }: Taken): Answer =>
  pipe(
    recorded,
    E.matchW(problemOf, (stored) => {
      const { run_id, revision, repeated, position } = stored
      const isTheSame = (other: BatchRecorded) => other.run_id === run_id && other.revision === revision
      if (repeated && (!maybeStored || position <= before || accepted.some(isTheSame))) return 'repeated'
      accepted.push(stored)
      return 'accepted'
    }),
  )

const targetLost = (detail: string): E.Either<TargetLost, never> => E.left({ _tag: 'TargetLost', detail })
