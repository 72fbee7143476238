/** Decides several commands of one run on its folded state, before anything is stored. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type CannotFollow, evolve } from '../../projections/current-run.ts'
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

/** Why the plan ends before the commands do: the next one was seen before, is refused, or does not fit into the append. */
type Stop = Readonly<{ _tag: 'Seen' }> | Refused | Readonly<{ _tag: 'Full' }> | null

type Refused = Readonly<{ _tag: 'Refused'; failure: CommandFailure }>

export type Plan = Readonly<{ events: readonly PlannedEvent[]; stop: Stop }>

/** What one attempt to store an event gives it: an id, and 128 random bits as base64url. */
export type Attempt = Readonly<{ event_id: string; nonce: string }>

export type PlanContext = Readonly<{
  attemptOf: (command_id: string) => Attempt
  /** Whether the run may have seen a command under this id. */
  isSeen: (command_id: string) => boolean
}>

/**
 * Decides `commands` from index `from` on, each on the state that the ones before it lead to, as far as one append can
 * carry their events. Stores nothing; a refusal is returned as `stop`.
 */
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
    if ('failure' in planned) return { events, stop: planned }
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
): PlannedEvent | Refused =>
  pipe(
    decide(command)({ run, revision }),
    E.matchW(refused, (decided) => {
      const attempt = attemptOf(command.command_id)
      const { event_id, nonce } = attempt
      const event: RunEvent = { ...decided, metadata: { ...decided.metadata, nonce } }
      const stored = { event_id, ...encode(event) }
      const bytes = bytesOf(stored)
      if (bytes > MAX_APPEND_BYTES) return refused({ _tag: 'EventTooLarge', bytes })
      return { attempt, stored, event, run: evolved(run, event), bytes }
    }),
  )

const refused = (failure: CommandFailure): Refused => ({ _tag: 'Refused', failure })

/** A property test shows that `evolve` can follow whatever `decide` accepts, so a failure here is a bug. */
const evolved = (run: Run | null, event: RunEvent): Run =>
  pipe(
    evolve(run, event),
    E.getOrElse<CannotFollow, Run>(({ detail }) => {
      throw new Error(`decided what cannot follow: ${detail}`)
    }),
  )

// A short list: an append carries as many events as commands of one run wait together.
const isPlanned = (events: readonly PlannedEvent[], command_id: string): boolean =>
  events.some(({ event }) => event.metadata.command_id === command_id)
