/** What a row of commands of one run leads to, decided on the folded state before anything is stored. */
import { evolve } from '../../projections/current-run.ts'
import { bytesOf, MAX_APPEND_BYTES, MAX_APPEND_EVENTS, type NewEvent } from '../event-store/event-store.ts'
import type { RunCommand } from '../run/commands.ts'
import { decide } from '../run/decide.ts'
import { encode } from '../run/event-codec.ts'
import type { RunEvent } from '../run/events.ts'
import type { Run, RunAtRevision } from '../run/run.ts'
import type { CommandFailure } from './failures.ts'

/** An event that may be stored, and the Run after it. */
export type PlannedEvent = Readonly<{
  attempt: Attempt
  stored: NewEvent
  event: RunEvent
  run: Run
  bytes: number
}>

/** Why the plan ends before the commands do: this one was seen before, is refused, or does not fit into the append. */
type Stop =
  | Readonly<{ _tag: 'Seen' }>
  | Readonly<{ _tag: 'Refused'; failure: CommandFailure }>
  | Readonly<{ _tag: 'Full' }>
  | null

export type Plan = Readonly<{ events: readonly PlannedEvent[]; stop: Stop }>

/** What one attempt to store an event gives it: an id, and 128 random bits as base64url. */
export type Attempt = Readonly<{ event_id: string; nonce: string }>

export type PlanContext = Readonly<{
  attemptOf: (command_id: string) => Attempt
  /** Whether the run may have seen a command under this id. */
  isSeen: (command_id: string) => boolean
}>

/** Decides `commands` from `from` on, one after another, as far as one append can carry them. */
export const plan = (
  state: RunAtRevision,
  commands: readonly RunCommand[],
  from: number,
  { attemptOf, isSeen }: PlanContext,
): Plan => {
  const events: PlannedEvent[] = []
  let { run, revision } = state
  let bytes = 0
  for (let at = from; at < commands.length; at += 1) {
    const command = commands[at] as RunCommand
    if (isSeen(command.command_id) || isPlanned(events, command.command_id)) return { events, stop: { _tag: 'Seen' } }
    const planned = planOne(command, run, revision, attemptOf)
    if ('failure' in planned) return { events, stop: { _tag: 'Refused', failure: planned.failure } }
    if (bytes + planned.bytes > MAX_APPEND_BYTES || events.length === MAX_APPEND_EVENTS)
      return { events, stop: { _tag: 'Full' } }
    events.push(planned)
    bytes += planned.bytes
    run = planned.run
    revision += 1
  }
  return { events, stop: null }
}

const planOne = (
  command: RunCommand,
  run: Run | null,
  revision: number,
  attemptOf: (command_id: string) => Attempt,
): PlannedEvent | Readonly<{ failure: CommandFailure }> => {
  const decided = decide(command)({ run, revision })
  if (decided._tag === 'Left') return { failure: decided.left }
  const attempt = attemptOf(command.command_id)
  const { event_id, nonce } = attempt
  const event: RunEvent = { ...decided.right, metadata: { ...decided.right.metadata, nonce } }
  const stored = { event_id, ...encode(event) }
  const bytes = bytesOf(stored)
  if (bytes > MAX_APPEND_BYTES) return { failure: { _tag: 'EventTooLarge', bytes } }
  const after = evolve(run, event)
  // What `decide` accepts, `evolve` can follow: a property holds it, so this is a bug and no answer.
  if (after._tag === 'Left') throw new Error(`decided what cannot follow: ${after.left.detail}`)
  return { attempt, stored, event, run: after.right, bytes }
}

// A short list: an append carries as many events as commands of one run wait together.
const isPlanned = (events: readonly PlannedEvent[], command_id: string): boolean =>
  events.some(({ event }) => event.metadata.command_id === command_id)
