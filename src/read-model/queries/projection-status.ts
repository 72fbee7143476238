/** How far the projections are behind the log. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStore, Position } from '../../event-store/event-store.ts'
import type { Answer, ProjectionState, ProjectionStatus, ReadModel } from '../read-model.ts'

export type ProjectionStatuses = Readonly<{ position: Position; projections: readonly ProjectionStatus[] }>

/** Every projection with its lag against the log's real head: seconds since the first event recorded that it lacks. */
export const projectionStatus = (readModel: ReadModel, store: EventStore): Answer<ProjectionStatuses> =>
  pipe(
    readModel.projections(),
    TE.flatMap(({ position, projections }) =>
      // All are written together: what one lacks, each lacks.
      TE.fromTask(async () => {
        const lag = lagOf(await store.backlog(position)())
        return { position, projections: projections.map((state) => withLag(state, lag)) }
      }),
    ),
  )

// Sent as it is, so its members stand in the order in which they are read.
const withLag = (state: ProjectionState, lag: Lag): ProjectionStatus => {
  const { name, version, position, last_heartbeat, rebuilding, quarantined } = state
  return { name, version, position, ...lag, last_heartbeat, rebuilding, quarantined }
}

type Lag = Pick<ProjectionStatus, 'caught_up' | 'lag_seconds' | 'lag_events'>

const lagOf = (backlog: Awaited<ReturnType<ReturnType<EventStore['backlog']>>>): Lag => {
  if (backlog._tag === 'Left') return { caught_up: false, lag_seconds: null, lag_events: null }
  const { events, oldest_recorded_at } = backlog.right
  const lag_seconds = oldest_recorded_at === null ? 0 : Math.max(0, secondsSince(oldest_recorded_at))
  return { caught_up: events === 0, lag_seconds, lag_events: events }
}

const secondsSince = (time: string): number => (Date.now() - Date.parse(time)) / 1000
