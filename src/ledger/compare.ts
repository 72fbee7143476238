/** Two runs, or two moments of one: what leads from one state to the other, and their paths of events beside each other. */
import { diffArrays } from 'diff'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { createPatch, type Operation } from 'rfc6902'
import type { Transition } from '../../projections/current-run.ts'
import type { EventStore, StoredEvent } from '../event-store/event-store.ts'
import type { Run } from '../run/run.ts'
import { msOf, type Time } from '../run/time.ts'
import type { HistoryFailure } from './failures.ts'
import { type Moment, type RunAt, replayRun } from './history.ts'

/** A run at a moment, or as it is where the moment is empty. */
export type ComparedRun = Readonly<{ run_id: string; moment: Moment }>

/** One event on a run's path; `elapsed_ms` since the one before, null for the first. */
export type PathStep = Readonly<{
  revision: number
  type: string
  status: string
  actor: string
  occurred_at: Time
  elapsed_ms: number | null
}>

/** Steps of the same type that lead to the same status stand beside each other, in order; the other side is null where it has no such step. */
export type AlignedStep = Readonly<{ a: PathStep | null; b: PathStep | null }>

/** `patch` (RFC 6902) makes the Run of a into that of b. */
export type Comparison = Readonly<{
  a: RunAt
  b: RunAt
  patch: readonly Operation[]
  path: readonly AlignedStep[]
}>

/** Which of the two could not be read, and why. */
export type ComparisonFailure = Readonly<{ run_id: string; failure: HistoryFailure }>

/** Folds both runs from their streams and compares them. */
export const compareRuns =
  (store: EventStore) =>
  (a: ComparedRun, b: ComparedRun): TE.TaskEither<ComparisonFailure, Comparison> =>
    pipe(
      TE.Do,
      TE.apS('a', followed(store, a)),
      TE.apS('b', followed(store, b)),
      TE.map(({ a, b }) => ({
        a: a.at,
        b: b.at,
        patch: patchBetween(a.at.run, b.at.run),
        path: alignedPaths(a.steps, b.steps),
      })),
    )

type Followed = Readonly<{ at: RunAt; steps: readonly PathStep[] }>

const followed = (store: EventStore, { run_id, moment }: ComparedRun): TE.TaskEither<ComparisonFailure, Followed> => {
  const steps: PathStep[] = []
  const visit = (stored: StoredEvent, { before, event, after }: Transition) => {
    steps.push({
      revision: stored.revision,
      type: event.type,
      status: after.status,
      actor: event.metadata.actor,
      occurred_at: event.data.occurred_at,
      elapsed_ms: before === null ? null : msOf(event.data.occurred_at) - msOf(before.last_updated_at),
    })
  }
  return pipe(
    replayRun(store)(run_id, moment, visit),
    TE.bimap(
      (failure) => ({ run_id, failure }),
      (at) => ({ at, steps }),
    ),
  )
}

/** The operations that make `from` into `to`. A long array that changed is replaced whole. */
export const patchBetween = (from: Run, to: Run): readonly Operation[] =>
  createPatch(from, to, (input: unknown, output: unknown, pointer) =>
    Array.isArray(input) && Array.isArray(output) && input.length * output.length > MOST_CELLS
      ? JSON.stringify(input) === JSON.stringify(output)
        ? []
        : [{ op: 'replace', path: pointer.toString(), value: output }]
      : undefined,
  )

// Arrays are compared each element with each.
const MOST_CELLS = 10_000

/** Paths that have little in common are not worth the search: past this many edits they stand one after the other. */
const MOST_EDITS = 2_000

/** The two paths as one list, aligned by type and status. */
export const alignedPaths = (a: readonly PathStep[], b: readonly PathStep[]): readonly AlignedStep[] => {
  const parts = diffArrays(a as PathStep[], b as PathStep[], {
    comparator: (one, other) => one.type === other.type && one.status === other.status,
    maxEditLength: MOST_EDITS,
  })
  if (parts === undefined)
    return [...a.map((step) => ({ a: step, b: null })), ...b.map((step) => ({ a: null, b: step }))]
  const aligned: AlignedStep[] = []
  let [atA, atB] = [0, 0]
  for (const { count, added, removed } of parts)
    for (let each = 0; each < count; each += 1) {
      aligned.push({ a: added ? null : (a[atA] ?? null), b: removed ? null : (b[atB] ?? null) })
      if (!added) atA += 1
      if (!removed) atB += 1
    }
  return aligned
}
