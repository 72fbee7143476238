/** How far the projections are behind the log. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { EventStore, Position } from '../../event-store/event-store.ts'
import type { Answer, PartState, PartStatus, ProjectionState, ProjectionStatus, ReadModel } from '../read-model.ts'

export type ProjectionStatuses = Readonly<{ position: Position; projections: readonly ProjectionStatus[] }>

/** Every projection with its lag against the log's real head: seconds since the first event recorded that it lacks. */
export const projectionStatus = (readModel: ReadModel, store: EventStore): Answer<ProjectionStatuses> =>
  pipe(
    readModel.projections(),
    TE.flatMap(({ position, projections }) =>
      TE.fromTask(async () => {
        const positions = [position, ...projections.flatMap(({ parts = [] }) => parts.map((part) => part.position))]
        const lags = await lagsAt(store, positions)
        return { position, projections: projections.map((state) => withLag(state, lags)) }
      }),
    ),
  )

type Lag = Pick<ProjectionStatus, 'caught_up' | 'lag_seconds' | 'lag_events'>
type Lags = ReadonlyMap<Position, Lag>

/** All projections of a part are written together: what one lacks, each lacks. Parts of one owner are mostly where it is. */
const lagsAt = async (store: EventStore, positions: readonly Position[]): Promise<Lags> => {
  const lags = new Map<Position, Lag>()
  for (const position of new Set(positions)) lags.set(position, lagOf(await store.backlog(position)()))
  return lags
}

// Sent as it is, so its members stand in the order in which they are read.
const withLag = (state: ProjectionState, lags: Lags): ProjectionStatus => {
  const { name, version, position, last_heartbeat, rebuilding, quarantined, parts } = state
  const lag = lags.get(position) ?? UNKNOWN_LAG
  const status = { name, version, position, ...lag, last_heartbeat, rebuilding, quarantined }
  return parts === undefined ? status : { ...status, parts: parts.map((part) => withPartLag(part, lags)) }
}

const withPartLag = (part: PartState, lags: Lags): PartStatus => {
  const { lag_seconds, lag_events } = lags.get(part.position) ?? UNKNOWN_LAG
  return { ...part, lag_seconds, lag_events }
}

const UNKNOWN_LAG: Lag = { caught_up: false, lag_seconds: null, lag_events: null }

const lagOf = (backlog: Awaited<ReturnType<ReturnType<EventStore['backlog']>>>): Lag => {
  if (backlog._tag === 'Left') return UNKNOWN_LAG
  const { events, oldest_recorded_at } = backlog.right
  const lag_seconds = oldest_recorded_at === null ? 0 : Math.max(0, secondsSince(oldest_recorded_at))
  return { caught_up: events === 0, lag_seconds, lag_events: events }
}

const secondsSince = (time: string): number => (Date.now() - Date.parse(time)) / 1000
