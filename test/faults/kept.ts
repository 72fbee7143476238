/** What must hold of the log and of the answers, whatever the store did. */
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { evolve } from '../../projections/current-run.ts'
import type { StoredEvent } from '../../src/event-store/event-store.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import { decide } from '../../src/run/decide.ts'
import { encode } from '../../src/run/event-codec.ts'
import type { RunAtRevision } from '../../src/run/run.ts'
import { rightOf } from '../support/scenario.ts'
import type { Attempt } from './play.ts'
import type { World } from './world.ts'

/** Whether the caller may not know yet what became of it. */
export const isOpen = ({ answer }: Attempt): boolean =>
  answer._tag === 'Left' && (answer.left._tag === 'CommandUnavailable' || answer.left._tag === 'RunContended')

/**
 * Every history is one that `decide` accepts, of commands that were sent, each at most once. What was answered is there,
 * at its revision; what was refused is not, and some state that the run was in meanwhile says why.
 */
export const expectKept = (world: World, attempts: readonly Attempt[]): void => {
  for (const [run, ofRun] of groupedBy(attempts, ({ command }) => command.run_id)) {
    const events = world.eventsOf(run)
    const states = statesOf(events, ofRun)
    for (const sent of groupedBy(ofRun, ({ command }) => command.command_id).values())
      expectAnswersOf(sent, events, states)
  }
}

/** The run before each event and after the last, each event being what `decide` made of a command that was sent. */
const statesOf = (events: readonly StoredEvent[], attempts: readonly Attempt[]): readonly RunAtRevision[] => {
  const states: RunAtRevision[] = [{ run: null, revision: -1 }]
  for (const [revision, stored] of events.entries()) {
    const state = states[revision] as RunAtRevision
    const decided = attempts.flatMap(({ command }) => {
      const event = decide(command)(state)
      return event._tag === 'Right' ? [event.right] : []
    })
    // Drawn for the attempt, so no command has it.
    const { nonce } = JSON.parse(stored.metadata)
    const event = decided.find((each) => {
      const { type, data, metadata } = encode({ ...each, metadata: { ...each.metadata, nonce } })
      return type === stored.type && data === stored.data && metadata === stored.metadata
    })
    if (event === undefined) throw new Error(`no command that was sent leads to ${JSON.stringify(stored)}`)
    expect(stored.revision).toBe(revision)
    states.push({ run: rightOf(evolve(state.run, event)), revision })
  }
  return states
}

const expectAnswersOf = (
  sent: readonly Attempt[],
  events: readonly StoredEvent[],
  states: readonly RunAtRevision[],
): void => {
  const [{ command }] = sent as [Attempt]
  const places = events.flatMap((event, at) => (commandIdOf(event) === command.command_id ? [at] : []))
  const told = JSON.stringify(sent)
  expect(places.length, `stored once: ${told}`).toBeLessThan(2)
  let firsts = 0
  for (const each of sent) {
    const { answer } = each
    if (answer._tag === 'Right') {
      const { revision, repeated, run, position } = answer.right
      expect(places, `stored where it was answered: ${told}`).toEqual([revision])
      if (run !== undefined) expect(run).toEqual(states[revision + 1]?.run)
      if (position !== undefined) expect(position).toBe(events[revision]?.position)
      firsts += repeated ? 0 : 1
    } else if (!isOpen(each)) expectRight(each, places, states)
    else if (isNotStored(each)) expectNotThere(each, events)
  }
  expect(firsts, `a first time once: ${told}`).toBeLessThan(2)
  if (sent.every(isNotStored)) expect(places, `not stored: ${told}`).toEqual([])
}

/** That the refusal is what `decide` says of a state that the run was in between the question and the answer. */
const expectRight = (attempt: Attempt, places: readonly number[], states: readonly RunAtRevision[]): void => {
  const { answer, command, before, after } = attempt
  if (answer._tag === 'Right') return
  // Refused for what it did itself: stored by an earlier attempt it would be a repeat.
  expect(
    places.filter((place) => place < attempt.before),
    `it was there: ${JSON.stringify(attempt)}`,
  ).toEqual([])
  const refusals = states.slice(before, after + 1).map((state) => decide(command)(state))
  if (!refusals.some((refusal) => isDeepStrictEqual(refusal, answer)))
    throw new Error(`refused without a reason: ${JSON.stringify(attempt)}, not among ${JSON.stringify(refusals)}`)
}

/** No earlier attempt had written it, whether that could be read or not. */
const expectNotThere = ({ written, ...attempt }: Attempt, events: readonly StoredEvent[]): void =>
  expect(
    events.filter(({ event_id }) => event_id === written),
    `it was there: ${JSON.stringify(attempt)}`,
  ).toEqual([])

const isNotStored = ({ answer }: Attempt): boolean =>
  answer._tag === 'Left' && !('outcome' in answer.left && answer.left.outcome === 'unknown')

const commandIdOf = ({ metadata }: StoredEvent): RunCommand['command_id'] =>
  (JSON.parse(metadata) as { command_id: string }).command_id

const groupedBy = <A>(all: readonly A[], keyOf: (each: A) => string): ReadonlyMap<string, A[]> =>
  Map.groupBy(all, keyOf)
