/** Gathers what many runs add to the figures of their groups and policy versions, and writes each row once. */
import { type PolicyChange, policyChangeOf } from '../../../../projections/policy-version-stats.ts'
import { type GroupChange, groupChangeOf, type StatusChange } from '../../../../projections/run-group.ts'
import type { Run } from '../../../run/run.ts'
import type { Tables } from '../tables.ts'
import type { PrepareChange } from './statement-batch.ts'

export type FiguresWriter = Readonly<{
  /** A run changed so, in one event or in many. */
  add: (before: Run | null, after: Run) => void
  /** Writes what was added since the last time. */
  write: () => void
  /** Forgets it. */
  reset: () => void
}>

/** What many runs add to a group, or to a policy version. */
type Counts = { runs: number; statuses: Map<string, number>; created_at: string; last_updated_at: string }
type Figures = Readonly<{ status: Map<string, number>; result: Map<string, number>; bin: Map<string, number> }>
type Hour = Figures & { duration: { sum: number; least: number; greatest: number } | null }

export const createFiguresWriter = (change: PrepareChange, tables: Tables): FiguresWriter => {
  const groups = new Map<string, Counts>()
  const versions = new Map<string, Counts>()
  // By policy version, then by hour.
  const policies = new Map<string, Map<string, Hour>>()
  const put = statementsOf(change, tables)

  const write = (): void => {
    for (const [id, counts] of groups) writeCounts(put.group, id, counts)
    for (const [id, counts] of versions) writeCounts(put.version, id, counts)
    for (const [id, hours] of policies) for (const [hour, figures] of hours) writeHour(id, hour, figures)
  }

  const writeHour = (id: string, hour: string, { duration, ...figures }: Hour): void => {
    for (const figure of FIGURES)
      for (const [name, change] of figures[figure])
        if (change !== 0) {
          put.figure.run(id, hour, figure, name, change)
          if (change < 0) put.emptyFigure.run(id, hour, figure, name)
        }
    if (duration !== null) put.duration.run(id, hour, duration.sum, duration.least, duration.greatest)
  }

  const reset = (): void => {
    groups.clear()
    versions.clear()
    policies.clear()
  }

  return {
    add: (before, after) => {
      const change = groupChangeOf(before, after)
      if (change !== null) addCounts(groups, change.run_group_id, change)
      const policyChange = policyChangeOf(before, after)
      addCounts(versions, policyChange.policy_version_id, policyChange)
      addToPolicy(policies, policyChange)
    },
    write: () => {
      write()
      reset()
    },
    reset,
  }
}

const FIGURES = ['status', 'result', 'bin'] as const

const addCounts = (all: Map<string, Counts>, id: string, change: Omit<GroupChange, 'run_group_id'>): void => {
  const { runs, statuses, created_at, last_updated_at } = change
  let counts = all.get(id)
  if (counts === undefined) {
    counts = { runs: 0, statuses: new Map(), created_at, last_updated_at }
    all.set(id, counts)
  }
  counts.runs += runs
  addStatuses(counts.statuses, statuses)
  if (created_at < counts.created_at) counts.created_at = created_at
  if (last_updated_at > counts.last_updated_at) counts.last_updated_at = last_updated_at
}

type CountStatements = Readonly<Record<'counts' | 'status' | 'emptyStatus', ReturnType<PrepareChange>>>

const writeCounts = (put: CountStatements, id: string, counts: Counts): void => {
  put.counts.run(id, counts.runs, counts.created_at, counts.last_updated_at)
  for (const [status, change] of counts.statuses)
    if (change !== 0) {
      put.status.run(id, status, change)
      if (change < 0) put.emptyStatus.run(id, status)
    }
}

const addToPolicy = (policies: Map<string, Map<string, Hour>>, change: PolicyChange): void => {
  const { policy_version_id, hour, statuses, completed } = change
  const figures = hourOf(policies, policy_version_id, hour)
  addStatuses(figures.status, statuses)
  if (completed === null) return
  const { result, duration, bin } = completed
  addTo(figures.result, JSON.stringify(result), 1)
  addTo(figures.bin, String(bin), 1)
  const so = figures.duration
  figures.duration = {
    sum: (so?.sum ?? 0) + duration,
    least: Math.min(so?.least ?? duration, duration),
    greatest: Math.max(so?.greatest ?? duration, duration),
  }
}

const hourOf = (policies: Map<string, Map<string, Hour>>, id: string, hour: string): Hour => {
  let hours = policies.get(id)
  if (hours === undefined) {
    hours = new Map()
    policies.set(id, hours)
  }
  let figures = hours.get(hour)
  if (figures === undefined) {
    figures = { status: new Map(), result: new Map(), bin: new Map(), duration: null }
    hours.set(hour, figures)
  }
  return figures
}

const addStatuses = (counts: Map<string, number>, changes: readonly StatusChange[]): void => {
  for (const { status, runs } of changes) addTo(counts, status, runs)
}

const addTo = (counts: Map<string, number>, name: string, change: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + change)
}

// A count that is back at zero leaves no row, so that it does not matter in how many batches it came and went.
const statementsOf = (change: PrepareChange, tables: Tables) => ({
  group: countStatements(change, 'run_group_id', tables.run_groups, tables.run_group_statuses),
  version: countStatements(change, 'policy_version_id', tables.policy_versions, tables.policy_version_statuses),
  figure: change(
    `INSERT INTO ${tables.policy_figures} VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET runs = runs + excluded.runs`,
  ),
  emptyFigure: change(
    `DELETE FROM ${tables.policy_figures} WHERE policy_version_id = ? AND hour = ? AND figure = ? AND name = ? AND runs = 0`,
  ),
  duration: change(`INSERT INTO ${tables.policy_durations} VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    sum = sum + excluded.sum, least = min(least, excluded.least), greatest = max(greatest, excluded.greatest)`),
})

const countStatements = (change: PrepareChange, id: string, counts: string, statuses: string): CountStatements => ({
  counts: change(`INSERT INTO ${counts} VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    runs = runs + excluded.runs, created_at = min(created_at, excluded.created_at),
    last_updated_at = max(last_updated_at, excluded.last_updated_at)`),
  status: change(`INSERT INTO ${statuses} VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET runs = runs + excluded.runs`),
  emptyStatus: change(`DELETE FROM ${statuses} WHERE ${id} = ? AND status = ? AND runs = 0`),
})
