/** Executes commands of one run while its lock is held: load, decide, append, and retry or report failures. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { AppendFailure, EventStore, Position, StoredEvent } from '../event-store/event-store.ts'
import { sleep } from '../lib/abortable.ts'
import { type Backoff, backoff } from '../lib/backoff.ts'
import { newId } from '../lib/new-id.ts'
import type { RunCommand } from '../run/commands.ts'
import { decode } from '../run/event-codec.ts'
import type { RunEvent } from '../run/events.ts'
import type { Run } from '../run/run.ts'
import { findCommand } from './command-index.ts'
import { decisions } from './decisions.ts'
import type { CommandFailure, CommandUnavailable } from './failures.ts'
import { type Attempt, type Plan, type PlannedEvent, plan } from './plan.ts'
import { isRepeatOf } from './repeat.ts'
import { advance, deleted, emptyState, PAGE, type RunState, readFailure, readOn, unreadableAt } from './run-state.ts'
import type { StateCache } from './state-cache.ts'

export type ExecuteContext = Readonly<{
  store: EventStore
  cache: StateCache
  retryPolicy: RetryPolicy
  /** 16 random bytes. */
  random: () => Buffer
}>

/** How often a command is decided again after a conflict with another process, and how long it waits in between. */
export type RetryPolicy = Backoff & Readonly<{ tries: number }>

/**
 * `position` is that of the event, or of a later one that one append stored with it. `after` is null for a repeat of an
 * event that is not the run's latest: its Run has to be folded again.
 */
export type Outcome = Readonly<{ revision: number; position: Position; repeated: boolean; after: Run | null }>

/** The commands of one run that are executed together, and the progress so far. */
export type Task = {
  readonly run_id: string
  readonly commands: readonly RunCommand[]
  /** The results so far, in the order of the commands. */
  readonly answers: E.Either<CommandFailure, Outcome>[]
  /** The run as folded so far. */
  state: RunState
  /** Whether `state` is what the log held at some moment since the commands came in. */
  fresh: boolean
  /** Attempts that may be stored although the store did not confirm them, by command id. */
  readonly unsettled: Map<string, Attempt>
  /** By command id, the revision of the last event whose id has the same hash but is another command's (see `CommandIndex`). */
  readonly notTheirs: Map<string, number>
  /** No caller waits any more: stop before the next append. */
  abandoned: boolean
}

/** Fills `task.answers`. A command is refused only on a state that was read after the command came in. */
export const executeInTurn = async (context: ExecuteContext, task: Task): Promise<void> => {
  task.state = context.cache.get(task.run_id) ?? task.state
  const turn: Turn = { conflicts: 0, faults: 0 }
  while (task.answers.length < task.commands.length && !task.abandoned) await step(context, task, turn)
  // Also for an abandoned task: the next one need not read again what this one has read.
  if (task.state.run === null) context.cache.delete(task.run_id)
  else context.cache.set(task.run_id, task.state)
}

type Turn = {
  /** Conflicts with other processes since the last event stored. */
  conflicts: number
  /** Failed appends and reads since the last append that worked. */
  faults: number
}

const step = (context: ExecuteContext, task: Task, turn: Turn): Promise<void> => {
  const { state, fresh } = task
  // A run to be created rarely exists: an append that expects no stream finds out as cheaply as a read.
  if (!fresh && state.revision === -1 && nextOf(task).command !== 'create') return refresh(context, task, turn)
  const decide = (): Plan =>
    plan(state, task.commands, task.answers.length, {
      attemptOf: (command_id) => attemptOf(context, task, command_id),
      isSeen: (command_id) => isSeen(task, command_id),
    })
  const { events, stop } = decisions.hasSubscribers ? decisions.traceSync(decide, { run_id: task.run_id }) : decide()
  if (events.length > 0) return store(context, task, turn, events)
  if (stop?._tag === 'Seen') return answerRepeats(context, task)
  if (!fresh) return refresh(context, task, turn)
  if (stop?._tag === 'Refused') task.answers.push(E.left(stop.failure))
  return DONE
}

const DONE = Promise.resolve()

/** The same for each retry of an append whose outcome is unknown, new for every other attempt. */
const attemptOf = ({ random }: ExecuteContext, { unsettled }: Task, command_id: string): Attempt =>
  unsettled.get(command_id) ?? { event_id: newId(), nonce: random().toString('base64url') }

/** The revision of the event stored under this command id, judged by its hash; -1 where there is none. */
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
  return pipe(
    await context.store.append(task.run_id, expected, news)(),
    E.matchW(
      (failure) => {
        // A known outcome settles this append, but not an earlier one of the same events.
        if (!retried && !isUnknown(failure)) task.unsettled.clear()
        return onAppendFailure(context, task, turn, failure)
      },
      ({ position }) => {
        task.unsettled.clear()
        for (const { event, stored, run } of events) {
          advance(state, run, event, stored.data.length, position)
          task.answers.push(E.right({ revision: state.revision, position, repeated: false, after: run }))
        }
        task.fresh = true
        turn.conflicts = 0
        turn.faults = 0
      },
    ),
  )
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
      // The state came from the cache or was a guess: it was only old, and this is no conflict.
      if (!task.fresh) return refresh(context, task, turn)
      turn.conflicts += 1
      if (turn.conflicts >= context.retryPolicy.tries) return giveUp(task, contended(task))
      await sleep(backoff(context.retryPolicy, turn.conflicts - 1))
      return refresh(context, task, turn)
    case 'EventTooLarge':
      task.answers.push(E.left(failure))
      return
    case 'StreamDeleted':
      return answerAll(task, deleted(task.run_id, failure))
    case 'StoreUnavailable':
      if (task.unsettled.size === 0) {
        // Nothing of this attempt is stored. An earlier attempt may be, and reading the stream shows it.
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

/**
 * Reads the events after `task.state`, which was at `revision` before the first try. While an append is unsettled it
 * tries until the task is abandoned: only a read shows whether that append was stored.
 */
const refresh = async (
  context: ExecuteContext,
  task: Task,
  turn: Turn,
  revision = task.state.revision,
): Promise<void> => {
  if (task.abandoned) return
  return pipe(
    await readOn(context.store)(task.run_id, task.state, () => task.abandoned)(),
    E.matchW(
      async (failure) => {
        if (failure._tag !== 'LogUnavailable') {
          task.state = emptyState()
          return answerAll(task, failure)
        }
        if (task.unsettled.size === 0) return giveUp(task, unavailable(task, failure.detail))
        turn.faults += 1
        await sleep(backoff(context.retryPolicy, turn.faults - 1))
        return refresh(context, task, turn, revision)
      },
      (isWhole) => {
        if (!isWhole) return
        task.fresh = true
        if (task.state.revision > revision) forgetLost(task)
      },
    ),
  )
}

/** The stream has new events at the revisions of the unsettled ones: an unsettled event that is not among them can no longer be stored. */
const forgetLost = (task: Task): void => {
  for (const command_id of task.unsettled.keys()) if (!isSeen(task, command_id)) task.unsettled.delete(command_id)
}

/** Fills the results of the next commands, as long as they have been seen before, from the events stored under their ids. */
const answerRepeats = async (context: ExecuteContext, task: Task): Promise<void> => {
  const from = seenAt(task, nextOf(task).command_id)
  const limit = Math.min(PAGE, task.commands.length - task.answers.length)
  return pipe(
    await context.store.readStream(task.run_id, { from, direction: 'forward', limit })(),
    E.mapLeft((failure) => readFailure(task.run_id, failure)),
    E.match(
      (failure) =>
        failure._tag === 'LogUnavailable' ? giveUp(task, unavailable(task, failure.detail)) : answerAll(task, failure),
      ({ events }) => answerFrom(task, events, from),
    ),
  )
}

/** `events`: a page of the run's stream from revision `from` on. */
const answerFrom = (task: Task, events: readonly StoredEvent[], from: number): void => {
  while (task.answers.length < task.commands.length) {
    const { command_id } = nextOf(task)
    const stored = events[seenAt(task, command_id) - from]
    if (stored === undefined) return
    const answer = repeatOf(task, stored)
    if (answer !== null) task.answers.push(answer)
    else {
      task.notTheirs.set(command_id, stored.revision)
      // Another event has the revision that this command's own would have had.
      if (!isSeen(task, command_id)) task.unsettled.delete(command_id)
    }
  }
}

/** Null where only the hash of the event's command id is that of the command's. */
const repeatOf = (task: Task, stored: StoredEvent): E.Either<CommandFailure, Outcome> | null =>
  pipe(
    decode(stored),
    E.matchW(
      ({ detail }) => E.left(unreadableAt(stored, detail)),
      (event) => (event.metadata.command_id === nextOf(task).command_id ? repeated(task, stored, event) : null),
    ),
  )

/** `event` is `stored`, decoded; it has the id of the next command. */
const repeated = (task: Task, stored: StoredEvent, event: RunEvent): E.Either<CommandFailure, Outcome> => {
  const { state, unsettled, run_id } = task
  const { revision, position } = stored
  const command = nextOf(task)
  // An event that this task's own append stored although it seemed to fail is new to the caller.
  const isOwn = unsettled.get(command.command_id)?.event_id === stored.event_id
  unsettled.delete(command.command_id)
  return isRepeatOf(command, event)
    ? E.right({ revision, position, repeated: !isOwn, after: revision === state.revision ? state.run : null })
    : E.left({ _tag: 'IdempotencyKeyReused', run_id, revision })
}

const nextOf = (task: Task): RunCommand => task.commands[task.answers.length] as RunCommand

// The commands after one without a final result must not be stored before it: they are unavailable too.
const giveUp = (task: Task, failure: CommandFailure): void => {
  task.answers.push(E.left(failure))
  while (task.answers.length < task.commands.length)
    task.answers.push(E.left(unavailable(task, 'an earlier command of this run has no answer yet')))
}

const answerAll = (task: Task, failure: CommandFailure): void => {
  while (task.answers.length < task.commands.length) task.answers.push(E.left(failure))
}

const idsOf = (task: Task) => {
  const { run_id, command_id } = nextOf(task)
  return { run_id, command_id }
}

/** The failure of the first command that has no result yet. */
export const unavailable = (task: Task, detail: string): CommandUnavailable => {
  return { _tag: 'CommandUnavailable', outcome: outcomeOf(task), ...idsOf(task), detail }
}

const contended = (task: Task): CommandFailure => ({ _tag: 'RunContended', outcome: outcomeOf(task), ...idsOf(task) })

const outcomeOf = (task: Task) => (mayBeStored(task, nextOf(task)) ? 'unknown' : 'not_stored')

/**
 * Stored by this task, or by an earlier attempt under an id that the caller sent. A read that did not show it proves
 * nothing: EventStoreDB shows an event once it is replicated, which may come after the read.
 */
const mayBeStored = (task: Task, { command_id, command_id_is_new }: RunCommand): boolean =>
  task.unsettled.has(command_id) || isSeen(task, command_id) || !command_id_is_new
