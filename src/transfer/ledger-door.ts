/** The way into a ledger of this process. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { type CommandLine, commandOfLine } from '../api/command-line.ts'
import { type Problem, problemOf } from '../api/problems.ts'
import type { CommandFailure } from '../ledger/failures.ts'
import type { BatchRecorded, Ledger } from '../ledger/ledger.ts'
import type { RunCommand } from '../run/commands.ts'
import { commandIdOfFileLine } from '../run/ids.ts'
import { parseJson } from '../run/parse-json.ts'
import { timeOf } from '../run/time.ts'
import type { Answer, Door, DoorClosed } from './import.ts'

/** Commands of lines that name no actor are `anonymous`. */
export const ledgerDoor = (ledger: Ledger): Door<RunCommand> => {
  let current: Readonly<{ bytes: Buffer; number: number }> = { bytes: Buffer.alloc(0), number: 0 }
  const defaultCommandId = (line: CommandLine): string =>
    commandIdOfFileLine(current.bytes, line.occurred_at === undefined ? current.number : undefined)

  const prepare = (bytes: Buffer, number: number): Either<Problem, RunCommand> => {
    const json = parseJson(bytes)
    if (json._tag === 'Left') return left(problemOf(json.left))
    current = { bytes, number }
    const command = commandOfLine(json.right, {
      recorded_by: RECORDED_BY,
      received_at: timeOf(Date.now()),
      defaultCommandId,
      defaultActor: 'anonymous',
    })
    return command._tag === 'Left' ? left(problemOf({ _tag: 'Invalid', errors: command.left })) : command
  }

  const take = async (commands: readonly RunCommand[]): Promise<Either<DoorClosed, readonly Answer[]>> => {
    const recorded = await ledger.executeBatch(commands)
    const unavailable = recorded.find(isUnavailable)
    return unavailable === undefined
      ? right(recorded.map(answerOf))
      : left({ _tag: 'DoorClosed', detail: `the store failed: ${unavailable.left.detail}` })
  }

  return { prepare, take }
}

const RECORDED_BY = { principal: null, via: 'import' } as const

type Recorded = Either<CommandFailure, BatchRecorded>
type Unavailable = Readonly<{ _tag: 'Left'; left: Extract<CommandFailure, { _tag: 'CommandUnavailable' }> }>

const isUnavailable = (recorded: Recorded): recorded is Unavailable =>
  recorded._tag === 'Left' && recorded.left._tag === 'CommandUnavailable'

const answerOf = (recorded: Recorded): Answer => {
  if (recorded._tag === 'Left') return problemOf(recorded.left)
  return recorded.right.repeated ? 'repeated' : 'accepted'
}
