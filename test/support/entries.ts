/** Entries, with what a test does not care about filled in. */
import type { EntryAnswer } from '../../src/api/entries.ts'

export const entry = (more: Partial<EntryAnswer> = {}): EntryAnswer => ({
  position: '00000000000000000007',
  event_id: 'bd2a3b5e-27c4-5a1e-8f0a-0d6a3c9c7a11',
  run_id: 'run-1',
  revision: 2,
  type: 'RunStatusChanged',
  schema_version: 1,
  occurred_at: '2026-05-04T12:00:00.000Z',
  occurred_at_from: 'caller',
  recorded_at: '2026-05-04T12:00:01.000Z',
  actor: 'alice',
  recorded_by: { principal: null, via: 'http' },
  reason: null,
  command_id: 'command-1',
  correlation_id: 'correlation-1',
  causation_id: 'command-1',
  changes: [{ path: '/status', from: 'STARTED', to: 'IN_REVIEW' }],
  data: { run_id: 'run-1', status: 'IN_REVIEW', occurred_at: '2026-05-04T12:00:00.000Z' },
  ...more,
})

/** An event whose data and metadata could not be read. */
export const unreadableEntry = (): EntryAnswer =>
  entry({
    schema_version: null,
    occurred_at: null,
    occurred_at_from: null,
    actor: null,
    recorded_by: null,
    command_id: null,
    correlation_id: null,
    causation_id: null,
    changes: null,
    data: null,
  })
