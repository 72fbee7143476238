/** Given these events, when this command comes, then these events follow, or it is refused. */
import type { Either } from 'fp-ts/lib/Either.js'
import { expect } from 'vitest'
import { evolve } from '../../projections/current-run.ts'
import type { RunCommand } from '../../src/run/commands.ts'
import { decide, type Rejection } from '../../src/run/decide.ts'
import type { RunEvent } from '../../src/run/events.ts'
import type { Run, RunAtRevision } from '../../src/run/run.ts'

type Outcome = Readonly<{
  /** The event's type and data; its metadata is not looked at. */
  thenEvent: (expected: RunEvent) => void
  thenRefused: (tag: Rejection['_tag'], members?: object) => void
}>

/** The Run that `events` fold to. A history that cannot be is a fault of the test. */
export const folded = (events: readonly RunEvent[]): Run | null =>
  events.reduce<Run | null>((run, event) => rightOf(evolve(run, event)), null)

export const given = (...events: readonly RunEvent[]) => givenRun({ run: folded(events), revision: events.length - 1 })

/** For runs too long to give event by event. */
export const givenRun = (state: RunAtRevision) => ({
  when: (command: RunCommand): Outcome => {
    const decision = decide(command)(state)
    return {
      thenEvent: ({ type, data }) => {
        const event = rightOf(decision)
        expect({ type: event.type, data: event.data }).toStrictEqual({ type, data })
        // What is decided can always follow.
        rightOf(evolve(state.run, event))
      },
      thenRefused: (_tag, members = {}) => expect(decision).toMatchObject({ _tag: 'Left', left: { _tag, ...members } }),
    }
  },
})

/** The value of a Right; a Left fails the test and shows itself. */
export const rightOf = <A>(either: Either<unknown, A>): A => {
  if (either._tag === 'Left') throw new Error(`expected a Right, got Left ${JSON.stringify(either.left)}`)
  return either.right
}
