/** The ledger: executes commands and stores their events. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStore, Position } from '../event-store/event-store.ts'
import { createKeyedMutex } from '../lib/mutex.ts'
import { random16 } from '../lib/random.ts'
import type { RunCommand } from '../run/commands.ts'
import type { Run } from '../run/run.ts'
import { type ExecuteContext, executeInTurn, type RetryPolicy, type Task, unavailable } from './execute.ts'
import type { CommandFailure, CommandUnavailable } from './failures.ts'
import { readRunAt } from './history.ts'
import { emptyState } from './run-state.ts'
import { stateCache } from './state-cache.ts'

/** What a command led to: the Run at the command's own revision, also where it repeats an earlier one. */
export type Recorded = Readonly<{ run: Run; revision: number; position: Position; repeated: boolean }>

/** What one command of a batch led to; `position` may be that of a later event, which the same append stored. */
export type BatchRecorded = Readonly<{ run_id: string; revision: number; position: Position; repeated: boolean }>

export type Ledger = Readonly<{
  /** Decides, stores, and returns once the event is durable, within the ledger's time limit. */
  execute: (command: RunCommand) => TE.TaskEither<CommandFailure, Recorded>
  /**
   * Executes many commands: those of one run in their order, those of different runs in any. Results come in the order
   * given; a refused command affects no other. Where one has no final result (503), the later ones of its run have none.
   */
  executeBatch: (commands: readonly RunCommand[]) => Promise<readonly E.Either<CommandFailure, BatchRecorded>[]>
}>

export type LedgerLimits = Readonly<{
  /** The time within which a command returns, in ms, whatever the store does. */
  answerWithin: number
  /** How many commands may be executed at once; more are refused as unavailable. */
  commandsUnderWay: number
  retryPolicy: RetryPolicy
  /** How much memory the cached states of runs may take, in bytes. */
  stateCacheBytes: number
}>

/** `random` returns 16 random bytes: tests may fix them. */
export type LedgerOptions = LedgerLimits & Readonly<{ random: () => Buffer }>

const LIMITS: LedgerLimits = {
  // Callers get a response within 10 s: the rest is for HTTP, also on an overloaded machine.
  answerWithin: 8_000,
  commandsUnderWay: 20_000,
  retryPolicy: { tries: 10, minDelay: 5, maxDelay: 500 },
  stateCacheBytes: 32 * 1024 * 1024,
}

/** The ledger over `store`. Any number of ledgers, here and in other processes, may use one store. */
export const createLedger = (store: EventStore, options: Partial<LedgerOptions> = {}): Ledger => {
  const { answerWithin, commandsUnderWay, retryPolicy, stateCacheBytes, random } = {
    ...LIMITS,
    random: random16,
    ...options,
  }
  const context: ExecuteContext = { store, cache: stateCache(stateCacheBytes), retryPolicy, random }
  const inTurn = createKeyedMutex()
  let underWay = 0

  /** Executes `commands`, all of one run, and returns a result for each: unavailable where it is not done in time. */
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

  const execute = async (command: RunCommand): Promise<E.Either<CommandFailure, Recorded>> => {
    const began = Date.now()
    const [answer] = await perform(command.run_id, [command])
    return pipe(
      TE.fromEither(present(answer)),
      TE.flatMap(({ after, ...stored }) =>
        after === null
          ? recall(store, command, stored.revision, answerWithin - (Date.now() - began))
          : TE.right({ run: after, ...stored }),
      ),
    )()
  }

  const executeBatch = async (commands: readonly RunCommand[]) => {
    const answers: E.Either<CommandFailure, BatchRecorded>[] = new Array(commands.length)
    const answerRun = async ([run_id, places]: [string, number[]]): Promise<void> => {
      const answered = await perform(
        run_id,
        places.map((place) => commands[place] as RunCommand),
      )
      for (const [at, place] of places.entries()) answers[place] = briefly(run_id, present(answered[at]))
    }
    await Promise.all([...placesByRun(commands)].map(answerRun))
    return answers
  }

  return { execute: (command) => () => execute(command), executeBatch }
}

/** The result of a repeat of an event that is not the run's latest: the Run at the command's own revision. */
const recall =
  (
    store: EventStore,
    { run_id, command_id }: RunCommand,
    revision: number,
    within: number,
  ): TE.TaskEither<CommandFailure, Recorded> =>
  async () => {
    // The event is stored, but the Run cannot be returned now.
    const missing = (detail: string): CommandUnavailable => {
      return { _tag: 'CommandUnavailable', outcome: 'unknown', run_id, command_id, detail }
    }
    const late = deadline(Math.max(0, within))
    const read = await Promise.race([readRunAt(store)(run_id, { revision })(), late.passed])
    late.cancel()
    if (read === false) return E.left(missing('the store did not answer in time'))
    return pipe(
      read,
      E.bimap(
        (failure) => {
          if (failure._tag === 'RunUnreadable' || failure._tag === 'RunDeleted') return failure
          return missing(failure._tag === 'LogUnavailable' ? failure.detail : 'the stream lost events')
        },
        (at) => ({ ...at, repeated: true }),
      ),
    )
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

/** Ends `task`: commands without a result become unavailable, and no further append begins. */
const abandon = (task: Task, detail: string): Task['answers'] => {
  task.abandoned = true
  const answers = [...task.answers]
  const unanswered = { ...task, answers }
  while (answers.length < task.commands.length) answers.push(E.left(unavailable(unanswered, detail)))
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

type Answer = Task['answers'][number]

/** `perform` returns one answer for each command, so a missing one is a bug. */
const present = (answer: Answer | undefined): Answer => {
  if (answer === undefined) throw new Error('a command without an answer')
  return answer
}

const briefly = (run_id: string, answer: Answer): E.Either<CommandFailure, BatchRecorded> =>
  pipe(
    answer,
    E.map(({ revision, position, repeated }) => ({ run_id, revision, position, repeated })),
  )
