/** The `run_metadata` of a past revision: as kept with it or, where they are large, folded from those kept before. */

import sql, { type Sql } from 'sql-template-tag'
import type { Entry } from '../../projections/audit-entry.ts'
import { isJsonObject, type JsonObject } from '../run/json.ts'
import { mergePatch } from '../run/merge-patch.ts'
import { readJson } from '../run/read-json.ts'
import type { StatementPool } from './statement-pool.ts'

/** The JSON text of the run's metadata at a revision that can be read. */
export const metadataOfVersion = (pool: StatementPool, run_id: string, revision: number): string => {
  const kept = pool.first<[number, string]>(LAST_KEPT, [run_id, revision])
  if (kept === undefined) throw new Error('a run has no first version')
  const [from, text] = kept
  const entries = pool.all<[string]>(PATCHING, [run_id, from, revision])
  return entries.length === 0 ? text : entries.reduce((metadata, [entry]) => patchedBy(metadata, entry), text)
}

/** `metadata` after the patch that an Entry's event holds, all as JSON text. */
export const patchedBy = (metadata: string, entry: string): string => {
  const patch = readJson<Entry>(entry).data?.['run_metadata']
  return patch !== undefined && isJsonObject(patch)
    ? JSON.stringify(mergePatch(readJson<JsonObject>(metadata), patch))
    : metadata
}

const LAST_KEPT: Sql = sql`select revision, run_metadata from run_versions
  where run_id = ${null} and revision <= ${null} and run_metadata <> ''
  order by revision desc limit 1`

const PATCHING: Sql = sql`select entry_texts.entry from run_versions
  cross join entry_texts on entry_texts.position = run_versions.position
  where run_versions.run_id = ${null} and run_versions.revision > ${null} and run_versions.revision <= ${null}
    and run_versions.run_metadata = '' order by run_versions.revision`
