/** The runs that cannot be read on: what the fold could not follow. Part of the projection `current-run`. */
import { INTEGER, TEXT, tableOf } from './table.ts'

/** A run that cannot be read from `revision` on; `since`: when the log took that event. */
export const QUARANTINE = tableOf({
  name: 'quarantine',
  kind: 'rows',
  columns: { run_id: TEXT, revision: INTEGER, type: TEXT, detail: TEXT, since: TEXT },
  key: ['run_id'],
  stored: 'by-key',
  indexes: {},
})
