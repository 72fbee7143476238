/** A Run as columns: one for each of its fields. */
import type { Run } from '../src/run/run.ts'
import { type Column, JSON_TEXT, TEXT, TEXT_OR_NULL } from './table.ts'

export const RUN_COLUMNS = {
  run_id: TEXT,
  run_group_id: TEXT_OR_NULL,
  policy_version_id: TEXT,
  status: TEXT,
  result: TEXT_OR_NULL,
  input_data: JSON_TEXT,
  run_metadata: JSON_TEXT,
  created_at: TEXT,
  started_at: TEXT_OR_NULL,
  last_updated_at: TEXT,
} as const satisfies Readonly<Record<keyof Run, Column>>

/** The fields of a Run, in the order in which they are written. */
export const RUN_FIELDS = Object.keys(RUN_COLUMNS) as (keyof Run)[]
