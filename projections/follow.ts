/** From a stored event to a transition: the one place that says whether a run can be read on. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { decode, type EncodedEvent } from '../src/run/event-codec.ts'
import type { Run } from '../src/run/run.ts'
import { evolve, type Transition } from './current-run.ts'

/** An event where it stands in its run's stream. */
type PlacedEvent = EncodedEvent & Readonly<{ stream: string; revision: number }>

/** The run cannot be read on from this event; `detail` says why. */
export type Unreadable = Readonly<{ _tag: 'Unreadable'; detail: string }>

/** What `stored` makes of the Run that stood at `revision` (null at -1). */
export const follow = (run: Run | null, revision: number, stored: PlacedEvent): Either<Unreadable, Transition> => {
  if (stored.revision !== revision + 1)
    return unreadable(`revision ${stored.revision} follows ${revision === -1 ? 'nothing' : revision}`)
  const decoded = decode(stored)
  if (decoded._tag === 'Left') return unreadable(decoded.left.detail)
  const event = decoded.right
  if (event.data.run_id !== stored.stream) return unreadable(`it names the run ${event.data.run_id}`)
  const after = evolve(run, event)
  return after._tag === 'Left' ? unreadable(after.left.detail) : right({ before: run, event, after: after.right })
}

const unreadable = (detail: string) => left({ _tag: 'Unreadable' as const, detail })
