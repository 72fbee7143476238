/** How far the projections are behind the log. */
import type { EventStore } from '../event-store/event-store.ts'
import type { ProjectionState, ProjectionStatus, ReadModel } from './read-model.ts'

/** Every projection with its lag against the log's real head: seconds since the first event recorded that it lacks. */
export const projectionStatus = (readModel: ReadModel, store: EventStore): Promise<readonly ProjectionStatus[]> =>
  Promise.all(readModel.projections().map((state) => withLag(state, store)))

const withLag = async (state: ProjectionState, store: EventStore): Promise<ProjectionStatus> => {
  const backlog = await store.backlog(state.position)()
  if (backlog._tag === 'Left') return { ...state, caught_up: false, lag_seconds: null, lag_events: null }
  const { events, oldest_recorded_at } = backlog.right
  const lag_seconds = oldest_recorded_at === null ? 0 : Math.max(0, secondsSince(oldest_recorded_at))
  return { ...state, caught_up: events === 0, lag_seconds, lag_events: events }
}

const secondsSince = (time: string): number => (Date.now() - Date.parse(time)) / 1000
