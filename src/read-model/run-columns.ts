/** A run as readers get it: its JSON made of the columns, with the JSON inside passed on as stored. */
import { type RawBuilder, sql } from 'kysely'
import type { StoredRun } from './read-model.ts'

// Only `result` can hold what JSON has to escape.
const TEXT = sql<string>`'{"run_id":"' || runs.run_id
    || '","run_group_id":' || coalesce('"' || runs.run_group_id || '"', 'null')
    || ',"policy_version_id":"' || runs.policy_version_id
    || '","status":"' || runs.status
    || '","result":' || json_quote(runs.result)
    || ',"input_data":' || runs.input_data
    || ',"run_metadata":' || runs.run_metadata
    || ',"created_at":"' || runs.created_at
    || '","started_at":' || coalesce('"' || runs.started_at || '"', 'null')
    || ',"last_updated_at":"' || runs.last_updated_at || '"}'`

const storedRunWith = (text: RawBuilder<string>) =>
  [
    sql<string>`runs.run_id`.as('run_id'),
    text.as('text'),
    sql<number>`runs.revision`.as('revision'),
    sql<number | null>`quarantine.revision`.as('quarantined'),
  ] as const

/** `StoredRun` of the tables `runs` and `quarantine` in a query. */
export const STORED_RUN = storedRunWith(TEXT)

/** The same without the text of runs whose JSON takes more than `bytes`. */
export const storedRunUpTo = (bytes: number) =>
  storedRunWith(
    sql`case when octet_length(runs.input_data) + octet_length(runs.run_metadata) <= ${bytes} then ${TEXT} end`,
  )

export type StoredRunValues = [run_id: string, text: string, revision: number, quarantined: number | null]

export const storedRun = (...[run_id, text, revision, quarantined]: StoredRunValues): StoredRun => ({
  run_id,
  text,
  revision,
  quarantined,
})
