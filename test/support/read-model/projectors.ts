/** Projectors over real logs. */
import { onTestFinished } from 'vitest'
import type { EventStore } from '../../../src/event-store/event-store.ts'
import type { Projector, ProjectorOptions } from '../../../src/read-model/projector/projector.ts'
import { startProjector } from '../../../src/read-model/projector/start-projector.ts'
import type { ReadModel } from '../../../src/read-model/read-model.ts'
import { openReadModel } from '../../../src/read-model/sqlite/open.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import { logPath, readModelPath } from '../ledger-on-disk.ts'
import { changed, completed, created, started } from '../run-builders.ts'
import { rightOf } from '../scenario.ts'
import { eventsOf } from '../stores.ts'
import { contentsOf, openOwnReadModel, storedAs } from './read-models.ts'

export const optionsAt = (directory: string): ProjectorOptions => ({
  eventStore: { kind: 'embedded', path: logPath(directory), prefix: 'run-' },
  path: readModelPath(directory),
})

export const startAt = async (directory: string, more: Partial<ProjectorOptions> = {}): Promise<Projector> => {
  const projector = rightOf(await startProjector({ ...optionsAt(directory), ...more })())
  onTestFinished(() => projector.stop())
  return projector
}

export const readAt = async (directory: string): Promise<ReadModel> => {
  const readModel = rightOf(await openReadModel({ path: readModelPath(directory) })())
  onTestFinished(() => readModel.close())
  return readModel
}

/** Appends the run's next events; answers the position of the last. */
export const append = async (
  store: EventStore,
  run_id: string,
  events: readonly RunEvent[],
  from = 0,
): Promise<string> => {
  const made = events.map((event, i) => storedAs(run_id, from + i, 0, event))
  const named = made.map((event) => ({ ...event, event_id: `${run_id}-${event.revision}` }))
  const appended = await store.append(run_id, from === 0 ? 'no_stream' : from - 1, named)()
  return rightOf(appended).position
}

/** A run from its creation to its end. */
export const LIFE = [
  created({ run_metadata: { channel: 'web' } }),
  started(),
  changed(),
  completed({ result: 'APPROVED' }),
]

/** Gives the log `runs` whole runs; answers the position of the last event. */
export const fill = async (store: EventStore, runs: number): Promise<string> => {
  const positions = await Promise.all(Array.from({ length: runs }, (_, i) => append(store, `run-${i}`, LIFE)))
  return positions.sort().at(-1) as string
}

/** The tables that one fold of the whole log makes. */
export const expectedOf = async (store: EventStore, runs: number): Promise<unknown> => {
  const own = await openOwnReadModel()
  const streams = await Promise.all(Array.from({ length: runs }, (_, i) => eventsOf(store, `run-${i}`)))
  await own.project(streams.flat().sort((a, b) => (a.position < b.position ? -1 : 1)))
  return contentsOf(own.path)
}
