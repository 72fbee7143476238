/** The fold: one pure function that makes a Run of its events. The ledger, the projector and a browser use this file. */
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { RunCreated, RunEvent } from '../src/run/events.ts'
import { mergePatch } from '../src/run/merge-patch.ts'
import type { Run } from '../src/run/run.ts'
import { isTerminal } from '../src/run/terminal-status.ts'

/** The event is well-formed, but the rules of a run's life do not let it come after what came before. */
export type CannotFollow = Readonly<{ _tag: 'CannotFollow'; type: string; detail: string }>

/** What one event did: every other projection is a function of this. */
export type Transition = Readonly<{ before: Run | null; event: RunEvent; after: Run }>

/** Goes up with every change of `evolve`, or of an upcaster, that makes another Run of the same events. */
export const FOLD_VERSION = 1

/** The one fold: the Run after `event`, given the Run before it (null before RunCreated). */
export const evolve = (run: Run | null, event: RunEvent): Either<CannotFollow, Run> => {
  if (event.type === 'RunCreated')
    return run === null ? right(opened(event.data)) : left(cannotFollow(run, event, 'the run exists'))
  if (run === null) return left(cannotFollow(run, event, 'the run does not exist'))
  if (event.data.run_id !== run.run_id) return left(cannotFollow(run, event, 'it names another run'))
  if (isTerminal(run.status)) return left(cannotFollow(run, event, 'the run is completed'))
  if (event.data.occurred_at < run.last_updated_at) return left(cannotFollow(run, event, 'it occurred earlier'))
  return evolveOpen(run, event)
}

const evolveOpen = (run: Run, event: Exclude<RunEvent, RunCreated>): Either<CannotFollow, Run> => {
  const last_updated_at = event.data.occurred_at
  switch (event.type) {
    case 'RunStarted':
      return run.status === 'PENDING'
        ? right({ ...run, status: 'STARTED', started_at: last_updated_at, last_updated_at })
        : left(cannotFollow(run, event, 'the run is started'))
    case 'RunStatusChanged':
      return run.status === 'PENDING'
        ? left(cannotFollow(run, event, 'the run is not started'))
        : right({ ...run, status: event.data.status, run_metadata: patched(run, event.data), last_updated_at })
    case 'RunCompleted': {
      const { status, result } = event.data
      return run.status === 'PENDING' && status === 'SUCCESS'
        ? left(cannotFollow(run, event, 'a run that never started cannot succeed'))
        : right({ ...run, status, result, run_metadata: patched(run, event.data), last_updated_at })
    }
    default:
      return event satisfies never
  }
}

const opened = (data: RunCreated['data']): Run => ({
  run_id: data.run_id,
  run_group_id: data.run_group_id,
  policy_version_id: data.policy_version_id,
  status: 'PENDING',
  result: null,
  input_data: data.input_data,
  run_metadata: data.run_metadata,
  created_at: data.occurred_at,
  started_at: null,
  last_updated_at: data.occurred_at,
})

const patched = (run: Run, { run_metadata }: { run_metadata?: Run['run_metadata'] | undefined }) =>
  run_metadata === undefined ? run.run_metadata : mergePatch(run.run_metadata, run_metadata)

const cannotFollow = (run: Run | null, event: RunEvent, detail: string): CannotFollow => ({
  _tag: 'CannotFollow',
  type: event.type,
  detail: `${event.type} cannot follow ${run === null ? 'nothing' : run.status}: ${detail}`,
})
