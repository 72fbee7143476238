/** Folds events in memory, and has written what comes of them. When, and with which checkpoint, is for others to say. */
import { LRUCache } from 'lru-cache'
import type { Transition } from '../../../projections/current-run.ts'
import { follow } from '../../../projections/follow.ts'
import type { StoredEvent } from '../../event-store/event-store.ts'
import type { Run } from '../../run/run.ts'
import type { QuarantinedRun } from '../read-model.ts'
import { entryToWrite } from '../sqlite/writing/entry-writer.ts'
import type { StoredState } from '../sqlite/writing/run-writer.ts'
import type { TableWriter } from '../sqlite/writing/table-writer.ts'

export type Folding = Readonly<{
  /** Folds an event that follows all those before it, and writes what it alone makes. */
  fold: (event: StoredEvent) => void
  /** How much JSON of runs the batch under way keeps in memory: few small events may change many large runs. */
  characters: () => number
  /** Ends a batch: writes the runs and figures that its events have changed, and answers those runs. */
  writeRuns: (afterEach?: () => void) => ReadonlyMap<string, FoldedState>
  /** Forgets the batch under way, and what it knows of the tables. */
  reset: () => void
  /** Forgets what it knows of a run, all of which is written. */
  forget: (run_id: string) => void
}>

export type FoldingOptions = Readonly<{
  writer: TableWriter
  /** How much JSON of runs lately changed it keeps in memory, in characters. */
  cacheCharacters: number
}>

/** A run as folded so far, and as the tables hold it. */
export type FoldedState = {
  stored: StoredState
  run: Run | null
  revision: number
  known: string
  quarantined: boolean
  quarantine: QuarantinedRun | null
}

export const createFolding = ({ writer, cacheCharacters }: FoldingOptions): Folding => {
  const cached = new LRUCache<string, FoldedState>({ maxSize: cacheCharacters, sizeCalculation: charactersOf })
  let changed = new Map<string, FoldedState>()
  let characters = 0

  const stateBefore = ({ stream, revision: next }: StoredEvent): FoldedState => {
    const stored = next === 0 ? writer.loadNew(stream) : writer.load(stream)
    const { run, revision, known, quarantined } = stored
    return { stored, run, revision, known, quarantined, quarantine: null }
  }

  const writeRun = (run_id: string, state: FoldedState): void => {
    const { run, revision, known, quarantined, quarantine, stored } = state
    if (quarantine !== null) writer.quarantine(quarantine)
    const lengths =
      run === null || run === stored.run ? stored.lengths : writer.putRun(stored, { run, revision, known })
    state.quarantine = null
    state.stored = { run, revision, known, quarantined, lengths }
    // A state that it holds already is not measured again, and this one has changed.
    cached.delete(run_id)
    cached.set(run_id, state)
  }

  return {
    fold: (event) => {
      const run_id = event.stream
      let state = changed.get(run_id)
      if (state === undefined) {
        state = cached.get(run_id) ?? stateBefore(event)
        changed.set(run_id, state)
        // A new run is about as long as the event that makes it.
        characters += state.stored.run === null ? event.data.length : jsonOf(state)
      }
      const entry = entryToWrite(event, advance(state, event), state.known)
      if (entry.version !== null) state.known = entry.version.known_from
      writer.entry.put(entry)
    },
    characters: () => characters,
    writeRuns: (afterEach) => {
      const written = changed
      changed = new Map()
      characters = 0
      for (const [run_id, state] of written) {
        writeRun(run_id, state)
        afterEach?.()
      }
      writer.putFigures()
      return written
    },
    reset: () => {
      cached.clear()
      changed.clear()
      characters = 0
      writer.reset()
    },
    forget: (run_id) => {
      cached.delete(run_id)
    },
  }
}

/** Moves `state` past the event. Null where it cannot: what follows an unreadable event waits in the log. */
const advance = (state: FoldedState, event: StoredEvent): Transition | null => {
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

const charactersOf = (state: FoldedState): number => CHARACTERS_A_RUN + jsonOf(state)

const jsonOf = ({ stored }: FoldedState): number => stored.lengths.input_data + stored.lengths.run_metadata
