/** The decider: the event that a command leads to, or why the command is refused. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { ChangeStatus, Complete, Create, RunCommand, Start } from './commands.ts'
import type { EventMetadata, RunCreated, RunEvent } from './events.ts'
import { type JsonObject, jsonBytes } from './json.ts'
import { mergePatch } from './merge-patch.ts'
import { MAX_AHEAD_MS, MAX_EVENTS, MAX_METADATA_BYTES, type Run, type RunAtRevision } from './run.ts'
import { isTerminal } from './terminal-status.ts'
import { msOf, type Time } from './time.ts'

/** Why the run's state, not the command's form, forbids it. */
type StateConflict =
  | 'RunExists'
  | 'RunNotStarted'
  | 'RunAlreadyStarted'
  | 'RunCompleted'
  | 'TimeRunsBackwards'
  | 'RunFull'

export type Rejection =
  | Readonly<{ _tag: StateConflict; status: string; revision: number; detail: string }>
  | Readonly<{ _tag: 'RunNotFound' }>
  | Readonly<{ _tag: 'WrongRevision'; expected: number; revision: number; status: string }>
  | Readonly<{ _tag: 'OccurredAtInFuture'; occurred_at: Time; received_at: Time }>
  | Readonly<{ _tag: 'MetadataTooLarge'; bytes: number }>

/** The event that `command` leads to at this state of its run, or why it is refused. Pure: time and ids come with the command. */
export const decide =
  (command: RunCommand) =>
  (at: RunAtRevision): Either<Rejection, RunEvent> => {
    if (command.command === 'create') return decideCreate(command, at)
    if (at.run === null) return left({ _tag: 'RunNotFound' })
    const refused = wrongRevision(command, at.run, at.revision) ?? forbidden(command, at.run, at.revision)
    return refused === null ? decideChange(command, at.run, at.revision) : left(refused)
  }

const decideCreate = (command: Create, { run, revision }: RunAtRevision): Either<Rejection, RunEvent> => {
  if (run !== null) return left(conflict('RunExists', run, revision, 'a run with this id exists'))
  const refused = inFuture(command) ?? metadataTooLarge(command.run_metadata ?? {})
  if (refused !== null) return left(refused)
  return command.occurred_at === undefined
    ? right(eventOf(command, command.received_at, metadataOf(command, 'clock')))
    : right(eventOf(command, command.occurred_at, metadataOf(command, 'caller')))
}

const decideChange = (
  command: Start | ChangeStatus | Complete,
  run: Run,
  revision: number,
): Either<Rejection, RunEvent> => {
  const patch = command.command === 'start' ? undefined : command.run_metadata
  const refused =
    backwards(command, run, revision) ??
    inFuture(command) ??
    (patch === undefined ? null : metadataTooLarge(mergePatch(run.run_metadata, patch)))
  if (refused !== null) return left(refused)
  const [occurred_at, from] = timeOfChange(command, run)
  return right(eventOf(command, occurred_at, metadataOf(command, from)))
}

/** The event of an accepted `command`. Also made again to recognise a repeat. */
export const eventOf = (command: RunCommand, occurred_at: Time, metadata: EventMetadata): RunEvent => {
  const { run_id } = command
  const reason = reasonOf(command)
  if (command.command === 'create') return { type: 'RunCreated', data: createdData(command, occurred_at), metadata }
  if (command.command === 'start') return { type: 'RunStarted', data: { run_id, occurred_at, ...reason }, metadata }
  const { status } = command
  const patch = command.run_metadata === undefined ? undefined : { run_metadata: command.run_metadata }
  if (command.command === 'change_status')
    return { type: 'RunStatusChanged', data: { run_id, status, ...patch, occurred_at, ...reason }, metadata }
  return {
    type: 'RunCompleted',
    data: { run_id, status: command.status, result: command.result ?? null, ...patch, occurred_at, ...reason },
    metadata,
  }
}

const createdData = (command: Create, occurred_at: Time): RunCreated['data'] => ({
  run_id: command.run_id,
  run_group_id: command.run_group_id ?? null,
  policy_version_id: command.policy_version_id,
  input_data: command.input_data ?? {},
  run_metadata: command.run_metadata ?? {},
  occurred_at,
  ...reasonOf(command),
})

const forbidden = (command: Start | ChangeStatus | Complete, run: Run, revision: number): Rejection | null => {
  if (isTerminal(run.status))
    return conflict('RunCompleted', run, revision, 'the run is completed: nothing changes it any more')
  switch (command.command) {
    case 'start':
      if (run.status !== 'PENDING') return conflict('RunAlreadyStarted', run, revision, 'a run is started once')
      break
    case 'change_status':
      if (run.status === 'PENDING')
        return conflict('RunNotStarted', run, revision, 'start the run before its status changes')
      break
    case 'complete':
      if (run.status === 'PENDING' && command.status === 'SUCCESS')
        return conflict('RunNotStarted', run, revision, 'a run that never started ends as FAILURE or CANCELLED only')
      return null
    default:
      command satisfies never
  }
  // The last event is reserved for RunCompleted, so that a full run can still be ended.
  return revision + 1 >= MAX_EVENTS - 1
    ? conflict('RunFull', run, revision, `a run takes at most ${MAX_EVENTS} events: complete it`)
    : null
}

const wrongRevision = (command: RunCommand, run: Run, revision: number): Rejection | null =>
  command.expected_revision === undefined || command.expected_revision === revision
    ? null
    : { _tag: 'WrongRevision', expected: command.expected_revision, revision, status: run.status }

const backwards = (command: RunCommand, run: Run, revision: number): Rejection | null =>
  command.occurred_at !== undefined && command.occurred_at < run.last_updated_at
    ? conflict(
        'TimeRunsBackwards',
        run,
        revision,
        `occurred_at is before the run's last_updated_at, ${run.last_updated_at}`,
      )
    : null

const inFuture = ({ occurred_at, received_at }: RunCommand): Rejection | null =>
  // Compared as text first: most times are in the past, and parsing two costs more than the rest of the decision.
  occurred_at !== undefined && occurred_at > received_at && msOf(occurred_at) - msOf(received_at) > MAX_AHEAD_MS
    ? { _tag: 'OccurredAtInFuture', occurred_at, received_at }
    : null

const metadataTooLarge = (folded: JsonObject): Rejection | null => {
  const bytes = jsonBytes(folded)
  return bytes > MAX_METADATA_BYTES ? { _tag: 'MetadataTooLarge', bytes } : null
}

const timeOfChange = (command: RunCommand, run: Run): [Time, EventMetadata['occurred_at_from']] => {
  if (command.occurred_at !== undefined) return [command.occurred_at, 'caller']
  return command.received_at < run.last_updated_at ? [run.last_updated_at, 'lifted'] : [command.received_at, 'clock']
}

const conflict = (_tag: StateConflict, run: Run, revision: number, detail: string): Rejection => ({
  _tag,
  status: run.status,
  revision,
  detail,
})

const reasonOf = ({ reason }: RunCommand) => (reason === undefined ? undefined : { reason })

const metadataOf = (command: RunCommand, occurred_at_from: EventMetadata['occurred_at_from']): EventMetadata => ({
  schema_version: 1,
  command_id: command.command_id,
  actor: command.actor,
  recorded_by: command.recorded_by,
  occurred_at_from,
  $correlationId: command.correlation_id,
  $causationId: command.command_id,
  ...(command.traceparent === undefined ? undefined : { traceparent: command.traceparent }),
})
