/** The projections: folds events in memory, and writes what came of them together with the checkpoint. */
import type { DatabaseSync } from 'node:sqlite'
import { LRUCache } from 'lru-cache'
import type { Transition } from '../../projections/current-run.ts'
import { follow } from '../../projections/follow.ts'
import type { Position, StoredEvent } from '../event-store/event-store.ts'
import type { Run } from '../run/run.ts'
import { inTransaction } from './database.ts'
import { entryToWrite } from './entry-writer.ts'
import type { QuarantinedRun } from './read-model.ts'
import type { StoredState } from './run-writer.ts'
import type { TableWriter } from './table-writer.ts'

/** A version goes up when the same events shall make other rows: all tables are then made again. By name. */
export const PROJECTIONS = [
  { name: 'audit-entry', version: 1 },
  { name: 'current-run', version: 1 },
  { name: 'policy-version-stats', version: 1 },
  { name: 'run-group', version: 1 },
  { name: 'run-version', version: 1 },
] as const

/** The fold, of whose transitions the others are functions: what it cannot read waits in all but the audit trail. */
export const CURRENT_RUN = 'current-run'

export type Projection = Readonly<{
  /** Takes an event that follows all those before it. */
  apply: (event: StoredEvent) => void
  /** Folds and writes all that was taken since the last time, and that the tables are now as the log was at `position`. */
  write: (position: Position) => void
  /** How much is taken and not written. */
  pending: () => Readonly<{ events: number; characters: number }>
  /** Forgets what is not written, and what it knows of the tables. */
  reset: () => void
  /** Forgets what it knows of a run, all of which is written. */
  forget: (run_id: string) => void
}>

type Options = Readonly<{
  db: DatabaseSync
  writer: TableWriter
  /** `lastEvent`: the position of the last event folded, null where there was none since the last time. */
  saveCheckpoint: (position: Position, lastEvent: Position | null) => void
  /** How much JSON of runs lately changed it keeps in memory, in characters. */
  cacheCharacters: number
}>

/** A run as folded so far, and as the tables hold it. */
type RunState = {
  stored: StoredState
  run: Run | null
  revision: number
  known: string
  quarantined: boolean
  quarantine: QuarantinedRun | null
}

export const createProjection = ({ db, writer, saveCheckpoint, cacheCharacters }: Options): Projection => {
  const cached = new LRUCache<string, RunState>({ maxSize: cacheCharacters, sizeCalculation: charactersOf })
  const changed = new Map<string, RunState>()
  let events: StoredEvent[] = []
  let characters = 0

  const settle = (): void => {
    changed.clear()
    events = []
    characters = 0
  }

  const stateOf = (run_id: string): RunState => {
    const stored = writer.load(run_id)
    const { run, revision, known, quarantined } = stored
    return { stored, run, revision, known, quarantined, quarantine: null }
  }

  const fold = (event: StoredEvent): void => {
    const run_id = event.stream
    let state = changed.get(run_id)
    if (state === undefined) {
      state = cached.get(run_id) ?? stateOf(run_id)
      changed.set(run_id, state)
    }
    const entry = entryToWrite(event, advance(state, event), state.known)
    if (entry.version !== null) state.known = entry.version.known_from
    writer.entry.put(entry)
  }

  const writeRun = (run_id: string, state: RunState): void => {
    const { run, revision, known, quarantined, quarantine, stored } = state
    if (quarantine !== null) writer.quarantine(quarantine)
    const lengths =
      run === null || run === stored.run ? stored.lengths : writer.putRun(stored, { run, revision, known })
    state.quarantine = null
    state.stored = { run, revision, known, quarantined, lengths }
    cached.set(run_id, state)
  }

  return {
    apply: (event) => {
      events.push(event)
      characters += event.data.length + event.metadata.length
    },
    write: (position) => {
      const lastEvent = events.at(-1)?.position ?? null
      inTransaction(db, () => {
        // One by one: Entries that wait for each other are many times what events are, and the collector moves them all.
        for (const event of events) fold(event)
        for (const [run_id, state] of changed) writeRun(run_id, state)
        writer.putFigures()
        saveCheckpoint(position, lastEvent)
      })
      settle()
    },
    pending: () => ({ events: events.length, characters }),
    reset: () => {
      cached.clear()
      writer.reset()
      settle()
    },
    forget: (run_id) => {
      cached.delete(run_id)
    },
  }
}

/** Moves `state` past the event. Null where it cannot: what follows an unreadable event waits in the log. */
const advance = (state: RunState, event: StoredEvent): Transition | null => {
  if (state.quarantined) return null
  const followed = follow(state.run, state.revision, event)
  if (followed._tag === 'Left') {
    state.quarantined = true
    state.quarantine = quarantineOf(event, followed.left.detail)
    return null
  }
  state.run = followed.right.after
  state.revision = event.revision
  return followed.right
}

/** `event` cannot be read: its run stops before it, since the moment when the log took it. */
export const quarantineOf = (event: StoredEvent, detail: string): QuarantinedRun => ({
  run_id: event.stream,
  revision: event.revision,
  type: event.type,
  detail,
  since: event.recorded_at,
})

// Beside the JSON: the Run, its other fields, its place in the cache.
const CHARACTERS_A_RUN = 500

const charactersOf = ({ stored }: RunState): number =>
  CHARACTERS_A_RUN + stored.lengths.input_data + stored.lengths.run_metadata
