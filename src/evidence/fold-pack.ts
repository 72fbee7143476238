/** What the events of a pack come to: their Entries, and the Run after each. Made by the fold, when a pack is made and when it is checked. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { entryTextOf } from '../../projections/audit-entry.ts'
import type { Transition } from '../../projections/current-run.ts'
import { follow } from '../../projections/follow.ts'
import type { PackedEvent } from './pack-format.ts'

/** A line each of `entries.ndjson` and `runs.ndjson`. */
export type Folded = Readonly<{ entry: string; run: string }>

/** Folds the events of one run, one after another from its first. What follows an event that cannot be read has no Run. */
export const foldPack = (): ((event: PackedEvent) => Folded) => {
  let last: Transition | null = null
  let isReadable = true
  return (event) => {
    const transition = isReadable ? transitionOf(last, event) : null
    isReadable = transition !== null
    last = transition
    const run = { revision: event.revision, run: transition?.after ?? null }
    return { entry: `${entryTextOf(event, transition).text}\n`, run: `${JSON.stringify(run)}\n` }
  }
}

const transitionOf = (last: Transition | null, event: PackedEvent): Transition | null =>
  pipe(
    follow(last?.after ?? null, event.revision - 1, event),
    E.getOrElse<unknown, Transition | null>(() => null),
  )
