/** The ledger: what takes commands and keeps their events. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { EventStore, Position } from '../event-store/event-store.ts'
import { createKeyedMutex } from '../lib/mutex.ts'
import { random16 } from '../lib/random.ts'
import type { RunCommand } from '../run/commands.ts'
import type { Run } from '../run/run.ts'
import { type ExecuteContext, executeInTurn, type RetryPolicy, type Task, unavailable } from './execute.ts'
import type { CommandFailure } from './failures.ts'
import { readRunAt } from './history.ts'
import { emptyState } from './run-state.ts'
import { stateCache } from './state-cache.ts'

/** A command's answer: the Run at the command's own revision, also where it repeats an earlier one. */
export type Recorded = Readonly<{ run: Run; revision: number; position: Position; repeated: boolean }>

/** A batch's answer for one command; `position` may be that of a later event, which the same append stored. */
export type BatchRecorded = Readonly<{ run_id: string; revision: number; position: Position; repeated: boolean }>

export type Ledger = Readonly<{
  /** Decides, stores, and answers once the event is durable, within the ledger's time limit. */
  execute: (command: RunCommand) => TaskEither<CommandFailure, Recorded>
  /**
   * Executes many commands: those of one run in their order, others as it suits. Answers in the order given;
   * a refused command harms no other. Where one has no final answer (503), the later ones of its run have none either.
   */
  executeBatch: (commands: readonly RunCommand[]) => Promise<readonly Either<CommandFailure, BatchRecorded>[]>
}>

export type LedgerLimits = Readonly<{
  /** A command is answered within this time, in ms, whatever the store does. */
  answerWithin: number
  /** More commands than this under way at once are turned away. */
  commandsUnderWay: number
  retryPolicy: RetryPolicy
  /** How much memory the states of runs may take that were written to last, in bytes. */
  stateCacheBytes: number
}>

/** `random` gives 16 random bytes: tests may fix them. */
export type LedgerOptions = LedgerLimits & Readonly<{ random: () => Buffer }>

const LIMITS: LedgerLimits = {
  // The rest of 10 s is for the way in and out, also on a machine with too much to do.
  answerWithin: 8_000,
  commandsUnderWay: 20_000,
  retryPolicy: { tries: 10, minDelay: 5, maxDelay: 500 },
  stateCacheBytes: 32 * 1024 * 1024,
}

/** The ledger over `store`. Any number of ledgers, here and in other processes, may stand over one store. */
export const createLedger = (store: EventStore, options: Partial<LedgerOptions> = {}): Ledger => {
  const { answerWithin, commandsUnderWay, retryPolicy, stateCacheBytes, random } = {
    ...LIMITS,
    random: random16,
    ...options,
  }
  const context: ExecuteContext = { store, cache: stateCache(stateCacheBytes), retryPolicy, random }
  const inTurn = createKeyedMutex()
  let underWay = 0

  /** Runs `commands`, all of one run, and answers each; those that are not done in time as unavailable. */
  const perform = (run_id: string, commands: readonly RunCommand[]): Promise<Task['answers']> => {
    const task: Task = newTask(run_id, commands)
    if (underWay + commands.length > commandsUnderWay)
      return Promise.resolve(abandon(task, 'too many commands are under way'))
    underWay += commands.length
    return new Promise((resolve, reject) => {
      const giveUp = () => resolve(abandon(task, `the store did not answer within ${answerWithin} ms`))
      const late = setTimeout(giveUp, answerWithin)
      const over = () => {
        clearTimeout(late)
        underWay -= commands.length
      }
      inTurn(run_id, () => executeInTurn(context, task)).then(
        () => {
          over()
          resolve(task.answers)
        },
        (bug) => {
          over()
          reject(bug)
        },
      )
    })
  }

  const execute = async (command: RunCommand): Promise<Either<CommandFailure, Recorded>> => {
    const began = Date.now()
    const [answer] = await perform(command.run_id, [command])
    if (answer === undefined) throw new Error('a command without an answer')
    if (answer._tag === 'Left') return answer
    const { revision, position, repeated, after } = answer.right
    return after === null
      ? recall(store, command, revision, answerWithin - (Date.now() - began))
      : right({ run: after, revision, position, repeated })
  }

  const executeBatch = async (commands: readonly RunCommand[]) => {
    const answers: Either<CommandFailure, BatchRecorded>[] = new Array(commands.length)
    const answerRun = async ([run_id, places]: [string, number[]]): Promise<void> => {
      const answered = await perform(
        run_id,
        places.map((place) => commands[place] as RunCommand),
      )
      for (const [at, place] of places.entries()) answers[place] = briefly(run_id, answered[at])
    }
    await Promise.all([...placesByRun(commands)].map(answerRun))
    return answers
  }

  return { execute: (command) => () => execute(command), executeBatch }
}

/** The answer of a repeat whose run went on since: the Run at the command's own revision. */
const recall = async (
  store: EventStore,
  { run_id, command_id }: RunCommand,
  revision: number,
  within: number,
): Promise<Either<CommandFailure, Recorded>> => {
  // It is stored; the answer is what is not to be had now.
  const missing = (detail: string) =>
    left({ _tag: 'CommandUnavailable', outcome: 'unknown', run_id, command_id, detail } as const)
  const late = deadline(Math.max(0, within))
  const read = await Promise.race([readRunAt(store)(run_id, { revision })(), late.passed])
  late.cancel()
  if (read === false) return missing('the store did not answer in time')
  if (read._tag === 'Right') return right({ ...read.right, repeated: true })
  const failure = read.left
  if (failure._tag === 'RunUnreadable' || failure._tag === 'RunDeleted') return left(failure)
  return missing(failure._tag === 'LogUnavailable' ? failure.detail : 'the stream lost events')
}

const newTask = (run_id: string, commands: readonly RunCommand[]): Task => ({
  run_id,
  commands,
  answers: [],
  state: emptyState(),
  fresh: false,
  unsettled: new Map(),
  notTheirs: new Map(),
  abandoned: false,
})

/** Ends `task` for its callers: what has no answer yet gets one, and no further append begins. */
const abandon = (task: Task, detail: string): Task['answers'] => {
  task.abandoned = true
  const answers = [...task.answers]
  const unanswered = { ...task, answers }
  while (answers.length < task.commands.length) answers.push(left(unavailable(unanswered, detail)))
  return answers
}

const deadline = (ms: number) => {
  let cancel = (): void => undefined
  const passed = new Promise<false>((resolve) => {
    const timer = setTimeout(resolve, ms, false)
    cancel = () => clearTimeout(timer)
  })
  return { passed, cancel }
}

const placesByRun = (commands: readonly RunCommand[]): ReadonlyMap<string, number[]> => {
  const places = new Map<string, number[]>()
  for (const [place, { run_id }] of commands.entries()) {
    const known = places.get(run_id)
    if (known === undefined) places.set(run_id, [place])
    else known.push(place)
  }
  return places
}

const briefly = (
  run_id: string,
  answer: Task['answers'][number] | undefined,
): Either<CommandFailure, BatchRecorded> => {
  if (answer === undefined) throw new Error('a command without an answer')
  if (answer._tag === 'Left') return answer
  const { revision, position, repeated } = answer.right
  return right({ run_id, revision, position, repeated })
}
