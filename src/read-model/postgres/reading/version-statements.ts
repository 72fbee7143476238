/** The SQL of a run's versions and of its replay. */
import { sql } from 'kysely'
import type { StepStatements } from '../../queries/list-steps.ts'
import type { Sql } from '../../sql/conditions.ts'
import { fixed, PARAMETER, type Statement, type Tables } from './statements.ts'

/** In the order of `VersionValues`. */
const versionColumns = (entry: Sql): Sql =>
  sql`version.revision, version.type, ${entry}, version.status, version.result, version.started_at, version.occurred_at,
    version.metadata_kept, entry_texts.run_metadata, entry_texts.event_metadata`

// A page of steps is in memory at once, so that large Entries do not come with it.
const LARGE_ENTRY_BYTES = 16_384

const ENTRY = sql.raw('entry_texts.entry')
const FOLDABLE_ENTRY = sql.raw('case when entry_texts.event_metadata is not null then entry_texts.entry end')
const SMALL_ENTRY = sql.raw(
  `case when octet_length(entry_texts.entry) <= ${LARGE_ENTRY_BYTES} then entry_texts.entry end`,
)

/** The JSON of a row of `runs`, with a line break in the place of what changes in its life. */
const OUTLINE = sql.raw(`'{"run_id":"' || runs.run_id
  || '","run_group_id":' || coalesce('"' || runs.run_group_id || '"', 'null')
  || ',"policy_version_id":"' || runs.policy_version_id
  || '","status":"' || chr(10)
  || '","result":' || chr(10)
  || ',"input_data":' || runs.input_data
  || ',"run_metadata":' || chr(10)
  || ',"created_at":"' || runs.created_at
  || '","started_at":' || chr(10)
  || ',"last_updated_at":"' || chr(10) || '"}'`)

export const versionStatements = ({ entries, entry_texts, runs }: Tables): StepStatements<Statement> => {
  const versions = sql`${entries} as version join ${entry_texts} as entry_texts on entry_texts.position = version.position`
  return {
    lastStored: fixed(sql`select version.revision from ${entries} as version
      where version.run_id = ${PARAMETER} and version.revision <= ${PARAMETER} and version.metadata_kept = 1
      order by version.revision desc limit 1`),

    versionsIn: fixed(sql`select ${versionColumns(FOLDABLE_ENTRY)} from ${versions}
      where version.run_id = ${PARAMETER} and version.revision between ${PARAMETER} and ${PARAMETER}
      order by version.revision limit ${PARAMETER}`),

    constantsOf: fixed(
      sql`select run_group_id, policy_version_id, input_data, created_at from ${runs} where run_id = ${PARAMETER}`,
    ),

    outlineOf: fixed(sql`select ${OUTLINE} from ${runs} as runs where runs.run_id = ${PARAMETER}`),

    stepsFrom: fixed(sql`select ${versionColumns(SMALL_ENTRY)} from ${versions}
      where version.run_id = ${PARAMETER} and version.revision >= ${PARAMETER}
      order by version.revision limit ${PARAMETER}`),

    stepAt: fixed(sql`select ${versionColumns(ENTRY)} from ${versions}
      where version.run_id = ${PARAMETER} and version.revision = ${PARAMETER}`),

    anyStep: fixed(sql`select 1 from ${entries} where run_id = ${PARAMETER} limit 1`),
  }
}
