/** A run as readers get it: its JSON made of the columns, with the JSON inside passed on as stored. */
import { type RawBuilder, sql } from 'kysely'
import type { StoredRun } from './read-model.ts'

/** What a present or a past moment tells of a run: the rest never changes. `result`, `run_metadata` and `started_at` are JSON. */
export type RunTextColumns = Readonly<
  Record<'status' | 'result' | 'run_metadata' | 'started_at' | 'last_updated_at', RawBuilder<unknown>>
>

/** The JSON of a row of `runs`. */
export const runText = (columns: RunTextColumns) =>
  sql<string>`'{"run_id":"' || runs.run_id
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
  status: sql.ref('runs.status'),
  result: RESULT_JSON,
  run_metadata: sql.ref('runs.run_metadata'),
  started_at: STARTED_JSON,
  last_updated_at: sql.ref('runs.last_updated_at'),
}

/** `StoredRun` of the tables `runs` and `quarantine` in a query. */
export const storedRunWith = (text: RawBuilder<unknown>, revision: RawBuilder<unknown>) =>
  [
    sql<string>`runs.run_id`.as('run_id'),
    sql<string>`${text}`.as('text'),
    sql<number>`${revision}`.as('revision'),
    sql<number | null>`quarantine.revision`.as('quarantined'),
  ] as const

/** `StoredRun` as it is now. */
export const STORED_RUN = storedRunWith(runText(PRESENT), sql.ref('runs.revision'))

/** The same without the text of runs whose JSON takes more than `bytes`. */
export const storedRunUpTo = (bytes: number) =>
  storedRunWith(
    sql`case when octet_length(runs.input_data) + octet_length(runs.run_metadata) <= ${bytes} then ${runText(PRESENT)} end`,
    sql.ref('runs.revision'),
  )

export type StoredRunValues = [run_id: string, text: string, revision: number, quarantined: number | null]

export const storedRun = (...[run_id, text, revision, quarantined]: StoredRunValues): StoredRun => ({
  run_id,
  text,
  revision,
  quarantined,
})
