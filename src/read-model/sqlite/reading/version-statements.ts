/** The SQL of a run's versions and of its replay. */
import { sql } from 'kysely'
import type { StepStatements } from '../../queries/list-steps.ts'
import type { Sql } from '../../sql/conditions.ts'
import { runText } from './run-columns.ts'
import { fixed, PARAMETER, type Statement } from './statements.ts'

const VERSIONS = sql.raw('entries as version cross join entry_texts on entry_texts.position = version.position')

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

const HERE = sql.raw('char(10)')
const OUTLINE = runText({ status: HERE, result: HERE, run_metadata: HERE, started_at: HERE, last_updated_at: HERE })

export const versionStatements: StepStatements<Statement> = {
  lastStored: fixed(sql`select version.revision from ${VERSIONS}
    where version.run_id = ${PARAMETER} and version.revision <= ${PARAMETER} and version.metadata_kept = 1
    order by version.revision desc limit 1`),

  versionsIn: fixed(sql`select ${versionColumns(FOLDABLE_ENTRY)} from ${VERSIONS}
    where version.run_id = ${PARAMETER} and version.revision between ${PARAMETER} and ${PARAMETER}
    order by version.revision limit 0 + ${PARAMETER}`),

  constantsOf: fixed(
    sql`select run_group_id, policy_version_id, input_data, created_at from runs where run_id = ${PARAMETER}`,
  ),

  outlineOf: fixed(sql`select ${OUTLINE} from runs where run_id = ${PARAMETER}`),

  stepsFrom: fixed(sql`select ${versionColumns(SMALL_ENTRY)} from ${VERSIONS}
    where version.run_id = ${PARAMETER} and version.revision >= ${PARAMETER}
    order by version.revision limit 0 + ${PARAMETER}`),

  stepAt: fixed(sql`select ${versionColumns(ENTRY)} from ${VERSIONS}
    where version.run_id = ${PARAMETER} and version.revision = ${PARAMETER}`),

  anyStep: fixed(sql`select 1 from entries where run_id = ${PARAMETER} limit 1`),
}
