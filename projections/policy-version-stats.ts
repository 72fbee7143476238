/** The projection `policy-version-stats`: counts of a policy version's runs, and its figures by hour of creation. */
import type { Run } from '../src/run/run.ts'
import { isTerminal } from '../src/run/terminal-status.ts'
import type { Changes, Projection } from './projection.ts'
import { statusChanges } from './run-group.ts'
import { INTEGER, REAL, TEXT, tableOf } from './table.ts'

export const POLICY_VERSIONS = tableOf({
  name: 'policy_versions',
  kind: 'sums',
  columns: {
    policy_version_id: TEXT,
    runs: { ...INTEGER, merge: 'sum' },
    created_at: { ...TEXT, merge: 'min' },
    last_updated_at: { ...TEXT, merge: 'max' },
  },
  key: ['policy_version_id'],
  stored: 'by-key',
  indexes: {},
})

export const POLICY_VERSION_STATUSES = tableOf({
  name: 'policy_version_statuses',
  kind: 'sums',
  columns: { policy_version_id: TEXT, status: TEXT, runs: { ...INTEGER, merge: 'sum' } },
  key: ['policy_version_id', 'status'],
  stored: 'by-key',
  goneAtZero: 'runs',
  indexes: {},
})

/** How many runs of a policy version, created in an hour, have a status, a result, or a duration in a bin of the sketch. */
export const POLICY_FIGURES = tableOf({
  name: 'policy_figures',
  kind: 'sums',
  columns: {
    policy_version_id: TEXT,
    // `2011-12-01T13`
    hour: TEXT,
    // `status`, `result` or `bin`
    figure: TEXT,
    // A result as JSON, since it may be null.
    name: TEXT,
    runs: { ...INTEGER, merge: 'sum' },
  },
  key: ['policy_version_id', 'hour', 'figure', 'name'],
  stored: 'by-key',
  goneAtZero: 'runs',
  indexes: {},
})

/** In ms, of the runs that completed. The sum is exact up to 2^53. */
export const POLICY_DURATIONS = tableOf({
  name: 'policy_durations',
  kind: 'sums',
  columns: {
    policy_version_id: TEXT,
    hour: TEXT,
    // The terminal one.
    status: TEXT,
    sum: { ...REAL, merge: 'sum' },
    least: { ...REAL, merge: 'min' },
    greatest: { ...REAL, merge: 'max' },
  },
  key: ['policy_version_id', 'hour', 'status'],
  stored: 'by-key',
  indexes: {},
})

export const policyVersionStats = {
  name: 'policy-version-stats',
  version: 3,
  tables: [POLICY_VERSIONS, POLICY_VERSION_STATUSES, POLICY_FIGURES, POLICY_DURATIONS],
  per: 'run',
  changes: (before, { run }, out) => {
    const { policy_version_id, created_at, last_updated_at } = run
    const hour = created_at.slice(0, 'yyyy-mm-ddThh'.length)
    out.merge(POLICY_VERSIONS, [policy_version_id, before === null ? 1 : 0, created_at, last_updated_at])
    for (const [status, runs] of statusChanges(before?.run ?? null, run)) {
      out.merge(POLICY_VERSION_STATUSES, [policy_version_id, status, runs])
      out.merge(POLICY_FIGURES, [policy_version_id, hour, 'status', status, runs])
    }
    if (isTerminal(run.status) && (before === null || !isTerminal(before.run.status))) addCompleted(run, hour, out)
  },
} as const satisfies Projection

const addCompleted = (
  { policy_version_id, status, result, created_at, last_updated_at }: Run,
  hour: string,
  out: Changes,
) => {
  const duration = Date.parse(last_updated_at) - Date.parse(created_at)
  out.merge(POLICY_FIGURES, [policy_version_id, hour, 'result', JSON.stringify(result), 1])
  out.merge(POLICY_FIGURES, [policy_version_id, hour, 'bin', String(binOf(duration)), 1])
  out.merge(POLICY_DURATIONS, [policy_version_id, hour, status, duration, duration, duration])
}

/**
 * A sketch with a bound on its relative error (DDSketch, Masson, Rim and Lee, VLDB 2019): bin i counts the durations in
 * (γ^(i−1), γ^i]. γ = (1+α)/(1−α) with α a little below 1 %, so that rounding does not use it up.
 */
const ALPHA = 0.0095
const LOG_GAMMA = Math.log((1 + ALPHA) / (1 - ALPHA))

// The logarithm of 0 is no bin.
const ZERO = -1

/** The bin that counts `duration`, in whole ms, 0 or more. */
export const binOf = (duration: number): number => (duration < 1 ? ZERO : Math.ceil(Math.log(duration) / LOG_GAMMA))

/** The duration that stands for all in `bin`: within 1 % of each of them. */
export const durationOf = (bin: number): number => (bin === ZERO ? 0 : Math.exp(bin * LOG_GAMMA) * (1 - ALPHA))
