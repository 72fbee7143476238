/** Between a Run and its row. */
import { createHash } from 'node:crypto'
import type { Json, JsonObject } from '../../run/json.ts'
import { readJson } from '../../run/read-json.ts'
import type { Run } from '../../run/run.ts'
import type { RunRow } from './tables.ts'

export const runOf = (row: RunRow): Run => ({
  run_id: row.run_id,
  run_group_id: row.run_group_id,
  policy_version_id: row.policy_version_id,
  status: row.status,
  result: row.result,
  input_data: readJson<JsonObject>(row.input_data),
  run_metadata: readJson<JsonObject>(row.run_metadata),
  created_at: row.created_at,
  started_at: row.started_at,
  last_updated_at: row.last_updated_at,
})

export const rowOf = (run: Run, revision: number, last_recorded_at: string): RunRow => ({
  run_id: run.run_id,
  run_group_id: run.run_group_id,
  policy_version_id: run.policy_version_id,
  status: run.status,
  result: run.result,
  input_data: JSON.stringify(run.input_data),
  run_metadata: JSON.stringify(run.run_metadata),
  created_at: run.created_at,
  started_at: run.started_at,
  last_updated_at: run.last_updated_at,
  revision,
  last_recorded_at,
})

/** The top-level keys that `metadata[<key>]=<value>` can find, with the texts of their values: strings as they are,
 * other scalars as JSON. Objects and arrays are not found. */
export const metadataTexts = (metadata: JsonObject): readonly (readonly [key: string, text: string])[] => {
  const texts: (readonly [string, string])[] = []
  for (const key of Object.keys(metadata)) {
    const text = textOf(metadata[key] as Json)
    if (text !== null) texts.push([indexable(key), indexable(text)])
  }
  return texts
}

const textOf = (value: Json): string | null => {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null ? null : JSON.stringify(value)
}

const LONGEST_INDEXED = 200

/** `text` as the index holds it: a long one by its hash, whose form no short one can have. */
export const indexable = (text: string): string =>
  text.length <= LONGEST_INDEXED
    ? text
    : `${text.slice(0, LONGEST_INDEXED)}${createHash('sha256').update(text).digest('hex')}`
