/** A run as readers get it: its JSON made of the columns, with the JSON inside passed on as stored. */

import sql, { raw, type Sql } from 'sql-template-tag'
import type { StoredRun } from '../read-model.ts'

/** What a present or a past moment tells of a run: the rest never changes. `result`, `run_metadata` and `started_at` are JSON. */
export type RunTextColumns = Readonly<
  Record<'status' | 'result' | 'run_metadata' | 'started_at' | 'last_updated_at', Sql>
>

/** The JSON of a row of `runs`. */
export const runText = (columns: RunTextColumns) =>
  sql`'{"run_id":"' || runs.run_id
    || '","run_group_id":' || coalesce('"' || runs.run_group_id || '"', 'null')
    || ',"policy_version_id":"' || runs.policy_version_id
    || '","status":"' || ${columns.status}
    || '","result":' || ${columns.result}
    || ',"input_data":' || runs.input_data
    || ',"run_metadata":' || ${columns.run_metadata}
    || ',"created_at":"' || runs.created_at
    || '","started_at":' || ${columns.started_at}
    || ',"last_updated_at":"' || ${columns.last_updated_at} || '"}'`

// Of what is stored as plain text only this can hold what JSON has to escape.
export const RESULT_JSON = sql`json_quote(runs.result)`
export const STARTED_JSON = sql`coalesce('"' || runs.started_at || '"', 'null')`

const PRESENT: RunTextColumns = {
  status: raw('runs.status'),
  result: RESULT_JSON,
  run_metadata: raw('runs.run_metadata'),
  started_at: STARTED_JSON,
  last_updated_at: raw('runs.last_updated_at'),
}

/** `StoredRun` of the tables `runs` and `quarantine` in a query. */
export const storedRunWith = (text: Sql, revision: Sql) =>
  [raw('runs.run_id'), sql`${text} as text`, revision, raw('quarantine.revision as quarantined')] as const

/** `StoredRun` as it is now. */
export const STORED_RUN = storedRunWith(runText(PRESENT), raw('runs.revision'))

/** The same without the text of runs whose JSON takes more than `bytes`. */
export const storedRunUpTo = (bytes: number) =>
  storedRunWith(
    sql`case when octet_length(runs.input_data) + octet_length(runs.run_metadata) <= ${bytes} then ${runText(PRESENT)} end`,
    raw('runs.revision'),
  )

export type StoredRunValues = [run_id: string, text: string, revision: number, quarantined: number | null]

export const storedRun = (...[run_id, text, revision, quarantined]: StoredRunValues): StoredRun => ({
  run_id,
  text,
  revision,
  quarantined,
})
