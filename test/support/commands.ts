/** Commands as an interface would make them, with defaults for what a test does not set. */
import type { ChangeStatus, CommandContext, Complete, Create, Start } from '../../src/run/commands.ts'

let made = 0

/** A context for `run_id` with a command id of its own. */
export const context = (run_id: string): CommandContext => {
  made += 1
  return {
    run_id,
    command_id: `command-${made}`,
    command_id_is_new: false,
    actor: 'alice',
    recorded_by: { principal: null, via: 'http' },
    correlation_id: `correlation-${made}`,
    received_at: new Date().toISOString(),
  }
}

export const createRun = (run_id: string, more: Partial<Create> = {}): Create => ({
  ...context(run_id),
  command: 'create',
  policy_version_id: 'loan-policy-7',
  ...more,
})

export const startRun = (run_id: string, more: Partial<Start> = {}): Start => ({
  ...context(run_id),
  command: 'start',
  ...more,
})

export const changeRun = (run_id: string, status: string, more: Partial<ChangeStatus> = {}): ChangeStatus => ({
  ...context(run_id),
  command: 'change_status',
  status,
  ...more,
})

export const completeRun = (run_id: string, more: Partial<Complete> = {}): Complete => ({
  ...context(run_id),
  command: 'complete',
  status: 'SUCCESS',
  result: 'APPROVED',
  ...more,
})
