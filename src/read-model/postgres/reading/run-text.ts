/** A run as readers get it: its JSON made of the columns, with the JSON inside passed on as stored. */
import { sql } from 'kysely'
import type { StoredRun } from '../../read-model.ts'
import type { Sql } from '../../sql/conditions.ts'

/** What differs between moments; the rest never changes. */
type ChangingColumns = Readonly<
  Record<'status' | 'result' | 'run_metadata' | 'started_at' | 'last_updated_at' | 'revision', Sql>
>

/** The columns of a run, in the order of `StoredRunValues`, of the tables `runs` and `quarantine`. */
export const storedRunColumns = (input_data: Sql, changing: ChangingColumns): Sql =>
  sql`runs.run_id, ${input_data}, ${changing.revision}, ${changing.run_metadata}, quarantine.revision,
    runs.run_group_id, runs.policy_version_id, ${changing.status}, ${changing.result}, runs.created_at,
    ${changing.started_at}, ${changing.last_updated_at}`

/** `input_data` or `run_metadata` is null where it is large, or has to be folded: the run is then read by itself. */
export type StoredRunValues = [
  run_id: string,
  input_data: string | null,
  revision: number,
  run_metadata: string | null,
  quarantined: number | null,
  run_group_id: string | null,
  policy_version_id: string,
  status: string,
  result: string | null,
  created_at: string,
  started_at: string | null,
  last_updated_at: string,
]

export const CURRENT: ChangingColumns = {
  status: sql.raw('runs.status'),
  result: sql.raw('runs.result'),
  run_metadata: sql.raw('runs.run_metadata'),
  started_at: sql.raw('runs.started_at'),
  last_updated_at: sql.raw('runs.last_updated_at'),
  revision: sql.raw('runs.revision'),
}

/** Null where one of its JSON texts was left out. */
export const storedRunOf = (values: StoredRunValues): StoredRun | null => {
  const [run_id, input_data, revision, run_metadata, quarantined] = values
  if (input_data === null || run_metadata === null) return null
  return { run_id, text: runText(values, input_data, run_metadata), revision, quarantined }
}

const runText = (
  [run_id, , , , , group, policy_version_id, status, result, created_at, started_at, last_updated_at]: StoredRunValues,
  input_data: string,
  run_metadata: string,
): string =>
  // Of what is stored as plain text only the result can hold characters that JSON escapes.
  `{"run_id":"${run_id}","run_group_id":${plain(group)},"policy_version_id":"${policy_version_id}","status":"${status}"\
,"result":${result === null ? 'null' : JSON.stringify(result)},"input_data":${input_data},"run_metadata":${run_metadata}\
,"created_at":"${created_at}","started_at":${plain(started_at)},"last_updated_at":"${last_updated_at}"}`

const plain = (text: string | null): string => (text === null ? 'null' : `"${text}"`)
