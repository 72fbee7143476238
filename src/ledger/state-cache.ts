/** Folded states of the runs that were written to last, so that a command need not read its stream first. */
import { LRUCache } from 'lru-cache'
import type { RunState } from './run-state.ts'

export type StateCache = Readonly<{
  get: (run_id: string) => RunState | undefined
  set: (run_id: string, state: RunState) => void
  delete: (run_id: string) => void
}>

/**
 * Holds states of together about `budget` bytes of memory. A state may be behind the log: see `execute`. Runs that were only
 * created are held apart, and fewer of them: many creates in a row push nothing out that is in use, and leave the garbage
 * collector little to move, which took a fifth of the time of a create.
 */
export const stateCache = (budget: number): StateCache => {
  if (budget === 0) return NONE
  const active = states(budget)
  const created = states(Math.min(budget, MAX_CREATED_BYTES))
  return {
    get: (run_id) => active.get(run_id) ?? created.get(run_id),
    set: (run_id, state) => {
      if (state.revision === 0) {
        created.set(run_id, state)
        return
      }
      if (state.revision === 1) created.delete(run_id)
      // A state that it holds already is not measured again, and this one has grown.
      active.delete(run_id)
      active.set(run_id, state)
    },
    delete: (run_id) => {
      active.delete(run_id)
      created.delete(run_id)
    },
  }
}

const NONE: StateCache = { get: () => undefined, set: () => undefined, delete: () => undefined }

const MAX_CREATED_BYTES = 512 * 1024

const states = (maxSize: number): LRUCache<string, RunState> => new LRUCache({ maxSize, sizeCalculation: bytesOf })

/** About how much memory `state` takes, as V8 lays it out. */
const bytesOf = ({ bytes, commands }: RunState): number =>
  BYTES_A_STATE + BYTES_A_JSON_BYTE * bytes + commands.hashes.byteLength

// The Run with its texts, the state itself, the typed array's head and the entry in the cache.
const BYTES_A_STATE = 500
// Of small objects with short keys and values.
const BYTES_A_JSON_BYTE = 4
