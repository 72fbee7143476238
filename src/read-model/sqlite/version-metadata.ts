/** The `run_metadata` of a past revision: as kept with it or, where they are large, folded from those kept before. */

import sql, { type Sql } from 'sql-template-tag'
import type { Entry } from '../../../projections/audit-entry.ts'
import { isJsonObject, type Json, type JsonObject } from '../../run/json.ts'
import { mergePatch } from '../../run/merge-patch.ts'
import { readJson } from '../../run/read-json.ts'
import { damage } from './read-failure.ts'
import type { StatementPool } from './statement-pool.ts'

/** The JSON text of the run's metadata at a revision that can be read. */
export const metadataOfVersion = (pool: StatementPool, run_id: string, revision: number): string => {
  const kept = pool.first<[number, string]>(LAST_KEPT, [run_id, revision])
  if (kept === undefined) throw damage(`the run ${run_id} has no first version`)
  const [from, text] = kept
  const entries = pool.all<[string]>(PATCHING, [run_id, from, revision])
  return patchedBy(
    text,
    entries.map(([entry]) => entry),
  )
}

/** `metadata` after the patches that the Entries' events hold, all as JSON text: large ones are parsed once. */
export const patchedBy = (metadata: string, entries: readonly string[]): string => {
  const patches = entries.map((entry) => readJson<Entry>(entry).data?.['run_metadata']).filter(isPatch)
  return patches.length === 0 ? metadata : JSON.stringify(patches.reduce(mergePatch, readJson<JsonObject>(metadata)))
}

const isPatch = (value: Json | undefined): value is JsonObject => value !== undefined && isJsonObject(value)

const LAST_KEPT: Sql = sql`select version.revision, entry_texts.run_metadata from entries as version
  cross join entry_texts on entry_texts.position = version.position
  where version.run_id = ${null} and version.revision <= ${null} and version.metadata_kept = 1
  order by version.revision desc limit 1`

const PATCHING: Sql = sql`select entry_texts.entry from entries as version
  cross join entry_texts on entry_texts.position = version.position
  where version.run_id = ${null} and version.revision > ${null} and version.revision <= ${null}
    and version.metadata_kept = 0 order by version.revision`
