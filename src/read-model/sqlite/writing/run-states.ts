/** Reads how far runs are folded, from one set of tables. */
import type { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { QUARANTINE } from '../../../../projections/quarantine.ts'
import { RUN_COLUMNS, RUN_FIELDS } from '../../../../projections/run-columns.ts'
import { rememberLength } from '../../../../projections/run-version.ts'
import { RUNS } from '../../../../projections/runs.ts'
import type { JsonObject } from '../../../run/json.ts'
import { readJson } from '../../../run/read-json.ts'
import type { Run } from '../../../run/run.ts'
import { type RunState, type RunStates, UNKNOWN_RUN } from '../../projection-store.ts'
import { bound, prepare, queries } from '../database.ts'
import { nameIn, type SetName } from '../tables.ts'

/** States of runs: fewer than asked for where their JSON exceeds `mostCharacters`, but at least one. */
export type StateReader = (run_ids: readonly string[], mostCharacters: number) => RunStates

export const createStateReader = (db: DatabaseSync, set: SetName): StateReader => {
  const stateOf = stateLookup(db, set)
  return (run_ids, mostCharacters) => {
    const states = new Map<string, RunState>()
    let characters = 0
    for (const run_id of run_ids) {
      if (states.size > 0 && characters >= mostCharacters) break
      const { state, length } = stateOf(run_id)
      states.set(run_id, state)
      characters += length
    }
    return states
  }
}

/** `length`: of its JSON texts. */
type Found = Readonly<{ state: RunState; length: number }>

const stateLookup = (db: DatabaseSync, set: SetName): ((run_id: string) => Found) => {
  let lookup: ReturnType<typeof prepare> | null = null
  return (run_id) => {
    // The tables of a rebuild are not there before it begins.
    lookup ??= prepare(db, runAndQuarantine(set))
    const [quarantined, revision, known_from, ...values] = lookup.get(run_id) as unknown as StateValues
    const isQuarantined = quarantined !== null
    if (revision === null) return { state: { ...UNKNOWN_RUN, quarantined: isQuarantined }, length: 0 }
    const [input, metadata] = [values[INPUT], values[METADATA]] as [string, string]
    const run = runOf(values)
    rememberLength(run.run_metadata, metadata.length)
    return {
      state: { run, revision, known_from, quarantined: isQuarantined, inputCharacters: input.length },
      length: input.length + metadata.length,
    }
  }
}

type StateValues = [
  quarantined: number | null,
  ...([revision: number, known_from: string, ...(string | null)[]] | [revision: null, known_from: null, ...null[]]),
]

const INPUT = RUN_FIELDS.indexOf('input_data')
const METADATA = RUN_FIELDS.indexOf('run_metadata')

const runOf = (values: readonly (string | null)[]): Run =>
  Object.fromEntries(
    RUN_FIELDS.map((field, i) => {
      const value = values[i] ?? null
      return [field, RUN_COLUMNS[field].type === 'json' ? readJson<JsonObject>(value as string) : value]
    }),
  ) as unknown as Run

/** The run and its quarantine, either of which may be there without the other. */
const runAndQuarantine = (set: SetName) =>
  queries
    .selectFrom(sql<{ run_id: string }>`(select ${bound()} as run_id)`.as('asked'))
    .leftJoin(`${nameIn(set, RUNS) as 'runs'} as run`, 'run.run_id', 'asked.run_id')
    .leftJoin(`${nameIn(set, QUARANTINE) as 'quarantine'} as quarantine`, 'quarantine.run_id', 'asked.run_id')
    .select(['quarantine.revision as quarantined', 'run.revision', 'run.last_recorded_at'])
    .select(RUN_FIELDS.map((field) => `run.${field}` as const))
