/** The current-run projection: folds events in memory, and writes what came of them together with the checkpoint. */
import type { DatabaseSync } from 'node:sqlite'
import { LRUCache } from 'lru-cache'
import { follow } from '../../projections/follow.ts'
import type { Position, StoredEvent } from '../event-store/event-store.ts'
import type { Run } from '../run/run.ts'
import { inTransaction } from './database.ts'
import type { QuarantinedRun } from './read-model.ts'
import type { RunWriter, StoredState } from './run-writer.ts'

/** Goes up when the same events shall make other rows: tables of another version are made again. */
export const CURRENT_RUN = { name: 'current-run', version: 1 } as const

export type Projection = Readonly<{
  /** Folds an event that follows all those before it. */
  apply: (event: StoredEvent) => void
  /** Writes all that was folded since the last time, and that the tables are now as the log was at `position`. */
  write: (position: Position) => void
  /** How much is folded and not written. */
  pending: () => Readonly<{ events: number; characters: number }>
  /** Forgets what is not written, and what it knows of the tables. */
  reset: () => void
  /** Forgets what it knows of a run, all of which is written. */
  forget: (run_id: string) => void
}>

type Options = Readonly<{
  db: DatabaseSync
  writer: RunWriter
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
  quarantined: boolean
  quarantine: QuarantinedRun | null
}

export const createProjection = ({ db, writer, saveCheckpoint, cacheCharacters }: Options): Projection => {
  const known = new LRUCache<string, RunState>({ maxSize: cacheCharacters, sizeCalculation: charactersOf })
  const changed = new Map<string, RunState>()
  let events = 0
  let characters = 0
  let lastEvent: Position | null = null

  const settle = (): void => {
    changed.clear()
    events = 0
    characters = 0
    lastEvent = null
  }

  const stateOf = (run_id: string): RunState => {
    const stored = writer.load(run_id)
    return { stored, run: stored.run, revision: stored.revision, quarantined: stored.quarantined, quarantine: null }
  }

  const writeRun = (run_id: string, state: RunState): void => {
    const { run, revision, quarantined, quarantine, stored } = state
    if (quarantine !== null) writer.quarantine(quarantine)
    const lengths = run === null || run === stored.run ? stored.lengths : writer.put(stored, run, revision)
    state.quarantine = null
    state.stored = { run, revision, quarantined, lengths }
    known.set(run_id, state)
  }

  return {
    apply: (event) => {
      events += 1
      characters += event.data.length
      lastEvent = event.position
      const run_id = event.stream
      let state = changed.get(run_id)
      if (state === undefined) {
        state = known.get(run_id) ?? stateOf(run_id)
        changed.set(run_id, state)
      }
      // What follows an unreadable event waits in the log.
      if (state.quarantined) return
      const followed = follow(state.run, state.revision, event)
      if (followed._tag === 'Right') {
        state.run = followed.right.after
        state.revision = event.revision
      } else {
        state.quarantined = true
        state.quarantine = quarantineOf(event, followed.left.detail)
      }
    },
    write: (position) => {
      inTransaction(db, () => {
        for (const [run_id, state] of changed) writeRun(run_id, state)
        saveCheckpoint(position, lastEvent)
      })
      settle()
    },
    pending: () => ({ events, characters }),
    reset: () => {
      known.clear()
      settle()
    },
    forget: (run_id) => {
      known.delete(run_id)
    },
  }
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
