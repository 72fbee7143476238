/** What a run was at a past revision: its stored columns and, where its metadata is not stored, the one fold. */
import type { Entry } from '../../../projections/audit-entry.ts'
import { follow } from '../../../projections/follow.ts'
import type { JsonObject } from '../../run/json.ts'
import { readJson } from '../../run/read-json.ts'
import type { Run } from '../../run/run.ts'
import { damage } from './damage.ts'
import { numberIn, type Query, type Row } from './keyset-pagination.ts'

/** An event and the Run after it, as far as the tables hold both. */
export type Version = Readonly<{
  revision: number
  type: string
  /** The Entry as JSON; null where the row leaves it out. */
  entry: string | null
  /** Null where the run cannot be read as far as this. */
  status: string | null
  result: string | null
  started_at: string | null
  occurred_at: string
  /** 1 where the metadata is stored, 0 where it has to be folded, null where the event did not change it. */
  metadata_kept: number | null
  /** JSON; null where it is not stored. */
  run_metadata: string | null
  /** The event's metadata as stored, of every event that may have to be folded again. */
  event_metadata: string | null
}>

type VersionValues = [
  revision: number,
  type: string,
  entry: string | null,
  status: string | null,
  result: string | null,
  started_at: string | null,
  occurred_at: string,
  metadata_kept: number | null,
  run_metadata: string | null,
  event_metadata: string | null,
]

/** Of a row with the columns of a version, in their order. */
export const versionOf = (row: Row): Version => {
  const [revision, type, entry, status, result, started_at, occurred_at, metadata_kept, run_metadata, event_metadata] =
    row as unknown as VersionValues
  return {
    revision,
    type,
    entry,
    status,
    result,
    started_at,
    occurred_at,
    metadata_kept,
    run_metadata,
    event_metadata,
  }
}

export type VersionStatements<Statement> = Readonly<{
  /** The revision of the last version at or before `revision` whose metadata is stored. */
  lastStored: (run_id: string, revision: number) => Statement
  /** At most `limit` versions from one revision up to another, with the Entries of those that may have to be folded. */
  versionsIn: (run_id: string, from: number, upTo: number, limit: number) => Statement
  /** What never changes of a run: group, policy version, input data as JSON, and when it was created. */
  constantsOf: (run_id: string) => Statement
}>

type Constants = Pick<Run, 'run_id' | 'run_group_id' | 'policy_version_id' | 'input_data' | 'created_at'>

/** The run's metadata at a revision that can be read, as JSON. */
export function* metadataAt<Statement>(
  statements: VersionStatements<Statement>,
  run_id: string,
  revision: number,
): Query<Statement, string> {
  const [stored] = yield statements.lastStored(run_id, revision)
  if (stored === undefined) throw damage(`the run ${run_id} has no version whose metadata is stored`)
  let from = numberIn([stored])
  let last: Version | null = null
  let metadata = ''
  let run: Run | null = null
  while (from <= revision) {
    const rows: readonly Row[] = yield statements.versionsIn(run_id, from, revision, VERSIONS_AT_ONCE)
    if (rows.length === 0) throw damage(`the run ${run_id} has no version ${from}`)
    for (const version of rows.map(versionOf)) {
      if (version.run_metadata !== null) metadata = version.run_metadata
      else if (last !== null && version.metadata_kept === 0) {
        run ??= runAt(yield* constantsOf(statements, run_id), last, metadata)
        run = runAfter(run, version)
        metadata = JSON.stringify(run.run_metadata)
      } else if (run !== null) run = withColumns(run, version)
      last = version
    }
    from += rows.length
  }
  return metadata
}

const VERSIONS_AT_ONCE = 64

export function* constantsOf<Statement>(
  statements: VersionStatements<Statement>,
  run_id: string,
): Query<Statement, Constants> {
  const [row] = yield statements.constantsOf(run_id)
  if (row === undefined) throw damage(`the run ${run_id} has no row`)
  const [run_group_id, policy_version_id, input_data, created_at] = row as [string | null, string, string, string]
  return { run_id, run_group_id, policy_version_id, input_data: readJson<JsonObject>(input_data), created_at }
}

/** The Run at `version`, whose metadata is the JSON `metadata`. */
export const runAt = (constants: Constants, version: Version, metadata: string): Run =>
  withColumns(
    {
      ...constants,
      status: '',
      result: null,
      run_metadata: readJson<JsonObject>(metadata),
      started_at: null,
      last_updated_at: '',
    },
    version,
  )

/** `run` with what the columns of `version` say; its metadata stays as it is. */
export const withColumns = (run: Run, { status, result, started_at, occurred_at }: Version): Run => ({
  ...run,
  status: status ?? run.status,
  result,
  started_at,
  last_updated_at: occurred_at,
})

/** The Run after a version's event, folded from the Run before it: decoded, upcast and given to `evolve`. */
export const runAfter = (run: Run, version: Version): Run => {
  const { revision, type, entry, event_metadata: metadata } = version
  if (entry === null || metadata === null)
    throw damage(`revision ${revision} of the run ${run.run_id} cannot be folded again: its event is not stored`)
  const data = JSON.stringify(readJson<Entry>(entry).data)
  const followed = follow(run, revision - 1, { stream: run.run_id, revision, type, data, metadata })
  if (followed._tag === 'Left')
    throw damage(`revision ${revision} of the run ${run.run_id} cannot be folded again: ${followed.left.detail}`)
  return followed.right.after
}
