/** Commands and events of one run, with what a test does not care about filled in; all of it fixed. */
import type { ChangeStatus, CommandContext, Complete, Create, Start } from '../../src/run/commands.ts'
import type { EventMetadata, RunCompleted, RunCreated, RunStarted, RunStatusChanged } from '../../src/run/events.ts'

const RUN_ID = 'run-1'
const NOON = '2026-05-04T12:00:00.000Z'

/** `minutes` after noon of the day on which everything here happens. */
export const at = (minutes: number): string => new Date(Date.parse(NOON) + minutes * 60_000).toISOString()

const context: CommandContext = {
  run_id: RUN_ID,
  command_id: 'command-1',
  command_id_is_new: false,
  actor: 'alice',
  recorded_by: { principal: null, via: 'http' },
  correlation_id: 'correlation-1',
  received_at: at(60),
}

export const create = (more: Partial<Create> = {}): Create => ({
  ...context,
  command: 'create',
  policy_version_id: 'policy-7',
  ...more,
})
export const start = (more: Partial<Start> = {}): Start => ({ ...context, command: 'start', ...more })
export const changeStatus = (more: Partial<ChangeStatus> = {}): ChangeStatus => ({
  ...context,
  command: 'change_status',
  status: 'IN_REVIEW',
  ...more,
})
export const complete = (more: Partial<Complete> = {}): Complete => ({
  ...context,
  command: 'complete',
  status: 'SUCCESS',
  ...more,
})

export const metadata = (more: Partial<EventMetadata> = {}): EventMetadata => ({
  schema_version: 1,
  command_id: 'command-1',
  actor: 'alice',
  recorded_by: { principal: null, via: 'http' },
  occurred_at_from: 'clock',
  $correlationId: 'correlation-1',
  $causationId: 'command-1',
  ...more,
})

export const created = (more: Partial<RunCreated['data']> = {}): RunCreated => ({
  type: 'RunCreated',
  data: {
    run_id: RUN_ID,
    run_group_id: null,
    policy_version_id: 'policy-7',
    input_data: {},
    run_metadata: {},
    occurred_at: at(0),
    ...more,
  },
  metadata: metadata(),
})
export const started = (more: Partial<RunStarted['data']> = {}): RunStarted => ({
  type: 'RunStarted',
  data: { run_id: RUN_ID, occurred_at: at(1), ...more },
  metadata: metadata(),
})
export const changed = (more: Partial<RunStatusChanged['data']> = {}): RunStatusChanged => ({
  type: 'RunStatusChanged',
  data: { run_id: RUN_ID, status: 'IN_REVIEW', occurred_at: at(2), ...more },
  metadata: metadata(),
})
export const completed = (more: Partial<RunCompleted['data']> = {}): RunCompleted => ({
  type: 'RunCompleted',
  data: { run_id: RUN_ID, status: 'SUCCESS', result: null, occurred_at: at(3), ...more },
  metadata: metadata(),
})
