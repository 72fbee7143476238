/** The projection `current-run`: every run as it is now, and what its metadata is found by. */
import type { JsonObject } from '../src/run/json.ts'
import { metadataTexts } from './metadata-values.ts'
import type { Changes, FoldedRun, Projection } from './projection.ts'
import { RUN_COLUMNS, RUN_FIELDS } from './run-columns.ts'
import { INTEGER, type Row, TEXT, tableOf } from './table.ts'

/** Each index ends in a sort's column and `run_id`, so that a page is a range of it. docs/read-model.md says what each costs. */
export const RUNS = tableOf({
  name: 'runs',
  kind: 'rows',
  // `last_recorded_at`: of all its events so far, the latest; inside a run what is known only grows.
  columns: { ...RUN_COLUMNS, revision: INTEGER, last_recorded_at: TEXT },
  key: ['run_id'],
  stored: 'as-they-come',
  indexes: {
    created: { columns: ['created_at', 'run_id'] },
    updated: { columns: ['last_updated_at', 'run_id'] },
    status_created: { columns: ['status', 'created_at', 'run_id'] },
    status_updated: { columns: ['status', 'last_updated_at', 'run_id'] },
    group_created: { columns: ['run_group_id', 'created_at', 'run_id'] },
    policy_created: { columns: ['policy_version_id', 'created_at', 'run_id'] },
    // No filter asks for a null.
    result_created: { columns: ['result', 'created_at', 'run_id'], whereNotNull: 'result' },
  },
})

export const METADATA_VALUES = tableOf({
  name: 'metadata_values',
  kind: 'rows',
  columns: { key: TEXT, value: TEXT, created_at: TEXT, run_id: TEXT },
  key: ['key', 'value', 'created_at', 'run_id'],
  stored: 'by-key',
  indexes: {},
})

export const runs = {
  name: 'current-run',
  version: 1,
  tables: [RUNS, METADATA_VALUES],
  per: 'run',
  changes: (before, after, out) => {
    out.put(RUNS, rowOf(after), before === null ? undefined : rowOf(before))
    if (before?.run.run_metadata !== after.run.run_metadata) indexMetadata(before?.run.run_metadata ?? {}, after, out)
  },
} as const satisfies Projection

const rowOf = ({ run, revision, known_from }: FoldedRun): Row => [
  ...RUN_FIELDS.map((field) => run[field]),
  revision,
  known_from,
]

const indexMetadata = (before: JsonObject, { run }: FoldedRun, out: Changes): void => {
  const { created_at, run_id } = run
  const old = new Map(metadataTexts(before))
  for (const [key, text] of metadataTexts(run.run_metadata)) {
    const was = old.get(key)
    if (was !== text) out.put(METADATA_VALUES, [key, text, created_at, run_id])
    else old.delete(key)
  }
  for (const [key, text] of old) out.remove(METADATA_VALUES, [key, text, created_at, run_id])
}
