/** How far the projections are behind the log. */
import type { EventStore } from '../../event-store/event-store.ts'
import type { ProjectionState, ProjectionStatus, ReadModel } from '../read-model.ts'

/** Every projection with its lag against the log's real head: seconds since the first event recorded that it lacks. */
export const projectionStatus = async (
  readModel: ReadModel,
  store: EventStore,
): Promise<readonly ProjectionStatus[]> => {
  const states = readModel.projections()
  const [first] = states
  if (first === undefined) return []
  // All are written together: what one lacks, each lacks.
  const lag = lagOf(await store.backlog(first.position)())
  return states.map((state) => withLag(state, lag))
}

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
