/** What a change of a run adds to the counts of its policy version, and to its figures in the hour that the run was created in. */
import type { Run } from '../src/run/run.ts'
import { isTerminal } from '../src/run/terminal-status.ts'
import type { Time } from '../src/run/time.ts'
import { type StatusChange, statusChanges } from './run-group.ts'

/**
 * To be merged by sum; `created_at` by minimum, `last_updated_at` by maximum; `completed`, of which there is one a run, also
 * by minimum and maximum of its duration.
 */
export type PolicyChange = Readonly<{
  policy_version_id: string
  /** `2011-12-01T13`. */
  hour: string
  runs: number
  created_at: Time
  last_updated_at: Time
  statuses: readonly StatusChange[]
  completed: Completed | null
}>

/** `duration` in ms, from creation to completion. */
export type Completed = Readonly<{ result: string | null; duration: number; bin: number }>

/** One event's change or that of many in a row: the sums are the same. */
export const policyChangeOf = (before: Run | null, after: Run): PolicyChange => ({
  policy_version_id: after.policy_version_id,
  hour: hourOf(after.created_at),
  runs: before === null ? 1 : 0,
  created_at: after.created_at,
  last_updated_at: after.last_updated_at,
  statuses: statusChanges(before, after),
  completed: isTerminal(after.status) && (before === null || !isTerminal(before.status)) ? completedOf(after) : null,
})

const hourOf = (time: string): string => time.slice(0, 13)

const completedOf = (run: Run): Completed => {
  const duration = Date.parse(run.last_updated_at) - Date.parse(run.created_at)
  return { result: run.result, duration, bin: binOf(duration) }
}

/**
 * A sketch with a bound on its relative error (DDSketch, Masson, Rim and Lee, VLDB 2019): bin i counts the durations in
 * (γ^(i−1), γ^i]. γ = (1+α)/(1−α) with α a little below 1 %, so that rounding does not use it up.
 */
const ALPHA = 0.0095
const LOG_GAMMA = Math.log((1 + ALPHA) / (1 - ALPHA))

// What takes less than a millisecond has no logarithm to speak of.
const ZERO = -1

/** The bin that counts `duration`, in whole ms, 0 or more. */
export const binOf = (duration: number): number => (duration < 1 ? ZERO : Math.ceil(Math.log(duration) / LOG_GAMMA))

/** The duration that stands for all in `bin`: within 1 % of each of them. */
export const durationOf = (bin: number): number => (bin === ZERO ? 0 : Math.exp(bin * LOG_GAMMA) * (1 - ALPHA))
