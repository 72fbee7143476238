/** A run as readers get it: its JSON made of the columns, with the JSON inside passed on as stored. */
import { sql } from 'kysely'
import type { StoredRun } from '../../read-model.ts'
import type { Sql } from '../../sql/conditions.ts'

/** What differs between moments; the rest never changes. `result`, `run_metadata` and `started_at` are JSON. */
export type RunTextColumns = Readonly<
  Record<'status' | 'result' | 'run_metadata' | 'started_at' | 'last_updated_at', Sql>
>

/** The JSON of a row of `runs` before and after its metadata, as arguments of `concat`. */
export const runTextAround = ({
  status,
  result,
  started_at,
  last_updated_at,
}: Omit<RunTextColumns, 'run_metadata'>) => ({
  before: sql`'{"run_id":"', runs.run_id,
    '","run_group_id":', coalesce('"' || runs.run_group_id || '"', 'null'),
    ',"policy_version_id":"', runs.policy_version_id,
    '","status":"', ${status},
    '","result":', ${result},
    ',"input_data":', runs.input_data,
    ',"run_metadata":'`,
  after: sql`',"created_at":"', runs.created_at,
    '","started_at":', ${started_at},
    ',"last_updated_at":"', ${last_updated_at}, '"}'`,
})

/** The JSON of a row of `runs`; null where the metadata is. */
export const runText = ({ run_metadata, ...columns }: RunTextColumns): Sql => {
  const { before, after } = runTextAround(columns)
  return sql`concat(${before}) || ${run_metadata} || concat(${after})`
}

/** As JSON: of what is stored as plain text only the result can hold characters that JSON escapes. */
export const resultJson = (table: string): Sql => sql.raw(`json_quote(${table}.result)`)
export const startedJson = (table: string): Sql => sql.raw(`coalesce('"' || ${table}.started_at || '"', 'null')`)

/** The JSON of a run as it is now. */
export const CURRENT_TEXT = runText({
  status: sql.raw('runs.status'),
  result: resultJson('runs'),
  run_metadata: sql.raw('runs.run_metadata'),
  started_at: startedJson('runs'),
  last_updated_at: sql.raw('runs.last_updated_at'),
})

/** After the sort's value: what `StoredRun` holds, of the tables `runs` and `quarantine`. */
export const storedRunColumns = (text: Sql, revision: Sql): Sql =>
  sql`runs.run_id, ${text} as text, ${revision}, quarantine.revision`

export type StoredRunValues = [run_id: string, text: string, revision: number, quarantined: number | null]

export const storedRun = (...[run_id, text, revision, quarantined]: StoredRunValues): StoredRun => ({
  run_id,
  text,
  revision,
  quarantined,
})
