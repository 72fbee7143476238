/** Executing commands of one run while its turn is held: load, decide, append, and settle what went wrong. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { AppendFailure, EventStore, Position, StoredEvent } from '../event-store/event-store.ts'
import { sleep } from '../lib/abortable.ts'
import { type Backoff, backoff } from '../lib/backoff.ts'
import { newId } from '../lib/new-id.ts'
import type { RunCommand } from '../run/commands.ts'
import { decode } from '../run/event-codec.ts'
import type { Run } from '../run/run.ts'
import { findCommand } from './command-index.ts'
import type { CommandFailure, CommandUnavailable } from './failures.ts'
import { type Attempt, type PlannedEvent, plan } from './plan.ts'
import { isRepeatOf } from './repeat.ts'
import { advance, deleted, emptyState, PAGE, type RunState, readFailure, readOn } from './run-state.ts'
import type { StateCache } from './state-cache.ts'

export type ExecuteContext = Readonly<{
  store: EventStore
  cache: StateCache
  retryPolicy: RetryPolicy
  /** 16 random bytes. */
  random: () => Buffer
}>

/** How often a command that lost against another process is decided again, and how long it waits in between. */
export type RetryPolicy = Backoff & Readonly<{ tries: number }>

/**
 * `position` is that of the event, or of a later one that one append stored with it. `after` is null for a repeat of an
 * event that is not the run's latest: its Run has to be folded again.
 */
export type Outcome = Readonly<{ revision: number; position: Position; repeated: boolean; after: Run | null }>

/** The commands of one run that are executed together, and how far that has got. */
export type Task = {
  readonly run_id: string
  readonly commands: readonly RunCommand[]
  /** One for each command that has one, in their order. */
  readonly answers: Either<CommandFailure, Outcome>[]
  /** The run as folded so far. */
  state: RunState
  /** Whether `state` is what the log held at some moment since the commands came in. */
  fresh: boolean
  /** Attempts that may be stored although the store did not say so, by command id. */
  readonly unsettled: Map<string, Attempt>
  /** The revision of the last event that shares a hash with a command's id, but is another command's (see `CommandIndex`). */
  readonly notTheirs: Map<string, number>
  /** Nobody waits any more: stop before the next append. */
  abandoned: boolean
}

/** Fills `task.answers`. A command is refused only on a state read after it came in. */
export const executeInTurn = async (context: ExecuteContext, task: Task): Promise<void> => {
  task.state = context.cache.get(task.run_id) ?? task.state
  const turn: Turn = { conflicts: 0, faults: 0 }
  while (task.answers.length < task.commands.length && !task.abandoned) await step(context, task, turn)
  // Also of a task that is given up: the next one need not read again what this one has read.
  if (task.state.run === null) context.cache.delete(task.run_id)
  else context.cache.set(task.run_id, task.state)
}

type Turn = {
  /** Lost against other processes since the last event stored. */
  conflicts: number
  /** Broken appends and reads since the last that worked. */
  faults: number
}

const step = (context: ExecuteContext, task: Task, turn: Turn): Promise<void> => {
  const { state, fresh } = task
  // A run that is created was hardly there before: an append that expects no stream finds out as cheaply as a read.
  if (!fresh && state.revision === -1 && nextOf(task).command !== 'create') return refresh(context, task, turn)
  const { events, stop } = plan(state, task.commands, task.answers.length, {
    attemptOf: (command_id) => attemptOf(context, task, command_id),
    isSeen: (command_id) => isSeen(task, command_id),
  })
  if (events.length > 0) return store(context, task, turn, events)
  if (stop?._tag === 'Seen') return answerRepeats(context, task)
  if (!fresh) return refresh(context, task, turn)
  if (stop?._tag === 'Refused') task.answers.push(left(stop.failure))
  return DONE
}

const DONE = Promise.resolve()

/** The same in each retry of an append whose outcome is unknown, new for every other attempt. */
const attemptOf = ({ random }: ExecuteContext, { unsettled }: Task, command_id: string): Attempt =>
  unsettled.get(command_id) ?? { event_id: newId(), nonce: random().toString('base64url') }

/** The revision of the event that the command with this id led to, as far as hashes tell; -1 where there is none. */
const seenAt = ({ state, notTheirs }: Task, command_id: string): number =>
  findCommand(state.commands, command_id, notTheirs.get(command_id) ?? -1)

const isSeen = (task: Task, command_id: string): boolean => seenAt(task, command_id) !== -1

const store = async (
  context: ExecuteContext,
  task: Task,
  turn: Turn,
  events: readonly PlannedEvent[],
): Promise<void> => {
  const { state } = task
  const retried = task.unsettled.size > 0
  for (const { event, attempt } of events) task.unsettled.set(event.metadata.command_id, attempt)
  const expected = state.revision === -1 ? 'no_stream' : state.revision
  const news = events.map(({ stored }) => stored)
  const appended = await context.store.append(task.run_id, expected, news)()
  // The store's own word settles this append, but not an earlier one of the same events.
  if (!retried && !(appended._tag === 'Left' && isUnknown(appended.left))) task.unsettled.clear()
  if (appended._tag === 'Left') return onAppendFailure(context, task, turn, appended.left)
  task.unsettled.clear()
  const { position } = appended.right
  for (const { event, stored, run } of events) {
    advance(state, run, event, stored.data.length, position)
    task.answers.push(right({ revision: state.revision, position, repeated: false, after: run }))
  }
  task.fresh = true
  turn.conflicts = 0
  turn.faults = 0
}

const isUnknown = (failure: AppendFailure): boolean =>
  failure._tag === 'StoreUnavailable' && failure.outcome === 'unknown'

const onAppendFailure = async (
  context: ExecuteContext,
  task: Task,
  turn: Turn,
  failure: AppendFailure,
): Promise<void> => {
  switch (failure._tag) {
    case 'WrongExpectedRevision':
      // A state from the cache, or a guess, was only old: nobody contends.
      if (!task.fresh) return refresh(context, task, turn)
      turn.conflicts += 1
      if (turn.conflicts >= context.retryPolicy.tries) return giveUp(task, contended(task))
      await sleep(backoff(context.retryPolicy, turn.conflicts - 1))
      return refresh(context, task, turn)
    case 'EventTooLarge':
      task.answers.push(left(failure))
      return
    case 'StreamDeleted':
      return answerAll(task, deleted(task.run_id, failure))
    case 'StoreUnavailable':
      if (task.unsettled.size === 0) {
        // Nothing of this attempt is stored. An earlier one may be, and then the stream has its answer.
        if (!task.fresh && mayBeStored(task, nextOf(task))) return refresh(context, task, turn)
        return giveUp(task, unavailable(task, failure.detail))
      }
      turn.faults += 1
      await sleep(backoff(context.retryPolicy, turn.faults - 1))
      return refresh(context, task, turn)
    default:
      failure satisfies never
  }
}

/** Reads the stream on. While an append is unsettled it tries until the task is abandoned: only a read can tell. */
const refresh = async (context: ExecuteContext, task: Task, turn: Turn): Promise<void> => {
  const { revision } = task.state
  while (!task.abandoned) {
    const read = await readOn(context.store)(task.run_id, task.state, () => task.abandoned)()
    if (read._tag === 'Right') {
      if (!read.right) return
      task.fresh = true
      if (task.state.revision > revision) forgetLost(task)
      return
    }
    if (read.left._tag !== 'LogUnavailable') {
      task.state = emptyState()
      return answerAll(task, read.left)
    }
    if (task.unsettled.size === 0) return giveUp(task, unavailable(task, read.left.detail))
    turn.faults += 1
    await sleep(backoff(context.retryPolicy, turn.faults - 1))
  }
}

/** Other events stand where the unsettled ones were to be: those that are not among them can never be stored any more. */
const forgetLost = (task: Task): void => {
  for (const command_id of task.unsettled.keys()) if (!isSeen(task, command_id)) task.unsettled.delete(command_id)
}

/** Answers the commands that come next for as long as they have been seen, by what is stored under their ids. */
const answerRepeats = async (context: ExecuteContext, task: Task): Promise<void> => {
  const { state } = task
  const from = seenAt(task, nextOf(task).command_id)
  const limit = Math.min(PAGE, task.commands.length - task.answers.length)
  const page = await context.store.readStream(task.run_id, { from, direction: 'forward', limit })()
  if (page._tag === 'Left') {
    const failure = readFailure(task.run_id, page.left)
    if (failure._tag === 'LogUnavailable') return giveUp(task, unavailable(task, failure.detail))
    return answerAll(task, failure)
  }
  while (task.answers.length < task.commands.length) {
    const { command_id } = nextOf(task)
    const stored = page.right.events[seenAt(task, command_id) - from]
    if (stored === undefined) return
    const answer = repeatOf(task, stored, state)
    if (answer !== null) task.answers.push(answer)
    else {
      task.notTheirs.set(command_id, stored.revision)
      // Another event stands where this command's own was to be.
      if (!isSeen(task, command_id)) task.unsettled.delete(command_id)
    }
  }
}

/** Null where the event only shares a hash with the command's id. */
const repeatOf = (task: Task, stored: StoredEvent, state: RunState): Either<CommandFailure, Outcome> | null => {
  const command = nextOf(task)
  const { revision, type, position } = stored
  const decoded = decode(stored)
  if (decoded._tag === 'Left')
    return left({ _tag: 'RunUnreadable', run_id: task.run_id, revision, type, detail: decoded.left.detail })
  if (decoded.right.metadata.command_id !== command.command_id) return null
  // With the id of this task's own append, which only seemed to break, the event is new to the caller.
  const repeated = task.unsettled.get(command.command_id)?.event_id !== stored.event_id
  task.unsettled.delete(command.command_id)
  if (!isRepeatOf(command, decoded.right)) return left({ _tag: 'IdempotencyKeyReused', run_id: task.run_id, revision })
  return right({ revision, position, repeated, after: revision === state.revision ? state.run : null })
}

const nextOf = (task: Task): RunCommand => task.commands[task.answers.length] as RunCommand

// What comes after a command that has no final answer must not overtake it: the rest of the run waits for the next try.
const giveUp = (task: Task, failure: CommandFailure): void => {
  task.answers.push(left(failure))
  while (task.answers.length < task.commands.length)
    task.answers.push(left(unavailable(task, 'an earlier command of this run has no answer yet')))
}

const answerAll = (task: Task, failure: CommandFailure): void => {
  while (task.answers.length < task.commands.length) task.answers.push(left(failure))
}

const idsOf = (task: Task) => {
  const { run_id, command_id } = nextOf(task)
  return { run_id, command_id }
}

/** The failure of the first command that has no answer yet. */
export const unavailable = (task: Task, detail: string): CommandUnavailable => {
  return { _tag: 'CommandUnavailable', outcome: outcomeOf(task), ...idsOf(task), detail }
}

const contended = (task: Task): CommandFailure => ({ _tag: 'RunContended', outcome: outcomeOf(task), ...idsOf(task) })

const outcomeOf = (task: Task) => (mayBeStored(task, nextOf(task)) ? 'unknown' : 'not_stored')

/**
 * By this task, or by an earlier attempt under an id that the caller brought. That a read did not show it proves nothing:
 * EventStoreDB shows an event once it is replicated, which may come after the read.
 */
const mayBeStored = (task: Task, { command_id, command_id_is_new }: RunCommand): boolean =>
  task.unsettled.has(command_id) || isSeen(task, command_id) || !command_id_is_new
