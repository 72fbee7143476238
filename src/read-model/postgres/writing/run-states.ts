/** Reads how far runs are folded, from one generation of the tables. */
import { sql } from 'kysely'
import type pg from 'pg'
import { QUARANTINE } from '../../../../projections/quarantine.ts'
import { RUN_COLUMNS, RUN_FIELDS } from '../../../../projections/run-columns.ts'
import { rememberLength } from '../../../../projections/run-version.ts'
import { RUNS } from '../../../../projections/runs.ts'
import type { JsonObject } from '../../../run/json.ts'
import { readJson } from '../../../run/read-json.ts'
import type { Run } from '../../../run/run.ts'
import { type RunState, type RunStates, UNKNOWN_RUN } from '../../projection-store.ts'
import { rowsOf } from '../kysely.ts'
import { escapeNul, unescapeNul } from '../text.ts'

/** States of runs: fewer than asked for where their JSON exceeds `mostCharacters`, but at least one. */
export const readStates = async (
  client: Pick<pg.ClientBase, 'query'>,
  schema: string,
  run_ids: readonly string[],
  mostCharacters: number,
): Promise<RunStates> => {
  const rows = await rowsOf<StateRow>(client, runsAndQuarantines(schema, run_ids.map(escapeNul), mostCharacters))
  return new Map(rows.map((row) => [run_ids[row.asked - 1] as string, stateOf(row)]))
}

type StateRow = Readonly<{ asked: number; quarantined: boolean; revision: number | null; last_recorded_at: string }> &
  Readonly<Record<keyof Run, string | null>>

const stateOf = (row: StateRow): RunState => {
  const { quarantined, revision, last_recorded_at } = row
  if (revision === null) return { ...UNKNOWN_RUN, quarantined }
  const run = runOf(row)
  rememberLength(run.run_metadata, (row.run_metadata as string).length)
  const inputCharacters = (row.input_data as string).length
  return { run, revision, known_from: last_recorded_at, quarantined, inputCharacters }
}

const runOf = (row: StateRow): Run =>
  Object.fromEntries(RUN_FIELDS.map((field) => [field, fieldOf(field, row[field])])) as unknown as Run

const fieldOf = (field: keyof Run, text: string | null) => {
  if (text === null) return null
  return RUN_COLUMNS[field].type === 'json' ? readJson<JsonObject>(text) : unescapeNul(text)
}

/** The run and its quarantine, either of which may be there without the other; as long as their JSON before is short enough. */
const runsAndQuarantines = (schema: string, run_ids: readonly string[], mostCharacters: number) => {
  const run = (column: string) => sql`run.${sql.id(column)}`
  // Their lengths are known without reading the texts, which may stand apart from the row.
  const length = sql`coalesce(octet_length(run.input_data) + octet_length(run.run_metadata), 0)`
  return sql`select * from (
    select asked.place as asked, quarantine.run_id is not null as quarantined, run.revision, run.last_recorded_at,
      ${sql.join(RUN_FIELDS.map(run))},
      sum(${length}) over (order by asked.place) - ${length} as before
    from unnest(${run_ids}::text[]) with ordinality as asked (run_id, place)
    left join ${sql.id(schema, RUNS.name)} as run on run.run_id = asked.run_id
    left join ${sql.id(schema, QUARANTINE.name)} as quarantine on quarantine.run_id = asked.run_id) as found
  where before < ${Math.min(mostCharacters, Number.MAX_SAFE_INTEGER)}::int8 or asked = 1
  order by asked`
}
