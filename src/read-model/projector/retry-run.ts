/** Tries a quarantined run again: reads it on in its stream. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStore, StreamPage } from '../../event-store/event-store.ts'
import type { CommitFailure, PartMark, RunState, TableSet } from '../projection-store.ts'
import { refoldRun } from './fold-batch.ts'

/** `mark`: of the run's part. */
export type Retrying = Readonly<{ tables: Pick<TableSet, 'loadStates' | 'commit'>; store: EventStore; mark: PartMark }>

/**
 * Reads a quarantined run on from its last good revision, as far as the tables have got: what lies beyond comes by the
 * subscription. Its rows move as far as it can be read now. Where the log does not answer, it stays quarantined.
 */
export const retryRun = (retrying: Retrying, run_id: string): TE.TaskEither<CommitFailure, void> =>
  pipe(
    retrying.tables.loadStates([run_id], Number.POSITIVE_INFINITY),
    TE.flatMap((states) => readOn(retrying, run_id, states.get(run_id))),
  )

// A page is written before the next is read, so that a long run takes no more memory than a short one.
const PAGE = 512

const readOn = (retrying: Retrying, run_id: string, state: RunState | undefined): TE.TaskEither<CommitFailure, void> =>
  state?.quarantined !== true
    ? TE.right(undefined)
    : pipe(
        // A stream whose first events are hidden can be read from another revision, and its run cannot be folded all the same.
        retrying.store.readStream(run_id, { from: 0, direction: 'forward', limit: 1 }),
        TE.flatMap(() =>
          retrying.store.readStream(run_id, { from: state.revision + 1, direction: 'forward', limit: PAGE }),
        ),
        TE.matchE(
          () => TE.right<CommitFailure, void>(undefined),
          (page) => writePage(retrying, run_id, state, page),
        ),
      )

const writePage = (
  retrying: Retrying,
  run_id: string,
  state: RunState,
  page: StreamPage,
): TE.TaskEither<CommitFailure, void> => {
  const { tables, mark } = retrying
  const events = page.events.filter(({ position }) => position <= mark.position)
  const isLast = page.endOfStream || events.length < page.events.length
  const fence = { part: mark.part, epoch: mark.epoch, from: mark.position, to: mark.position }
  return pipe(
    tables.commit({ fences: [fence], events: null, changes: refoldRun(run_id, state, events, isLast) }),
    TE.flatMap((states) => {
      const next = states.get(run_id)
      return isLast || next?.revision !== events.at(-1)?.revision ? TE.right(undefined) : readOn(retrying, run_id, next)
    }),
  )
}
