/** What the overview asks, all at once. */
import type { Result, Run } from '../../client/client.ts'
import { ledger } from '../lib/ledger.ts'
import { type WaitingRuns, waitingRuns } from './waiting-runs.ts'

export type Completed = Readonly<{ completed: number; failed: number; rate: number | null }>

export type Overview = Readonly<{
  midnight: string
  today: number
  week: Completed
  before: Completed
  lag: Readonly<{ events: number; seconds: number }> | null
  quarantined: number
  latest: readonly Run[]
  waiting: readonly WaitingRuns[]
}>

const DAY_MS = 86_400_000
const ENDED = ['SUCCESS', 'FAILURE', 'CANCELLED'] as const

/** The first problem of any of them is the answer. */
export const overview = async (signal: AbortSignal): Promise<Result<Overview>> => {
  const now = Date.now()
  const midnight = new Date(Math.floor(now / DAY_MS) * DAY_MS).toISOString()
  const [weekAgo, twoWeeksAgo] = [7, 14].map((days) => new Date(now - days * DAY_MS).toISOString())
  const [today, week, before, latest, projections, waiting] = await Promise.all([
    countOf({ created_after: midnight }, signal),
    completedIn({ updated_after: weekAgo }, signal),
    completedIn({ updated_after: twoWeeksAgo, updated_before: weekAgo }, signal),
    ledger.listRuns({ status: ENDED, sort: '-last_updated_at', limit: 8 }, { signal }),
    ledger.listProjections({ signal }),
    waitingRuns(signal),
  ])
  if (today._tag === 'Left') return today
  if (week._tag === 'Left') return week
  if (before._tag === 'Left') return before
  if (latest._tag === 'Left') return latest
  if (projections._tag === 'Left') return projections
  if (waiting._tag === 'Left') return waiting
  const all = projections.right.data
  return {
    _tag: 'Right',
    right: {
      midnight,
      today: today.right,
      week: week.right,
      before: before.right,
      latest: latest.right.data as readonly Run[],
      waiting: waiting.right,
      lag: lagOf(all),
      quarantined: new Set(all.flatMap(({ quarantined }) => quarantined.map(({ run_id }) => run_id))).size,
    },
  }
}

type Lagging = Readonly<{ lag_events: number | null; lag_seconds: number | null }>

/** The projection that is furthest behind; null where the log does not say. */
const lagOf = (projections: readonly Lagging[]): Overview['lag'] => {
  const lags = projections.map(({ lag_events, lag_seconds }) => ({ events: lag_events, seconds: lag_seconds }))
  if (lags.some(({ events, seconds }) => events === null || seconds === null)) return null
  return {
    events: Math.max(0, ...lags.map(({ events }) => events ?? 0)),
    seconds: Math.max(0, ...lags.map(({ seconds }) => seconds ?? 0)),
  }
}

type Window = Readonly<{
  updated_after?: string | undefined
  updated_before?: string | undefined
  created_after?: string
}>

const countOf = async (
  query: Window & Readonly<{ status?: string | readonly string[] }>,
  signal: AbortSignal,
): Promise<Result<number>> => {
  const page = await ledger.listRuns({ ...query, limit: 1, count: true }, { signal })
  return page._tag === 'Left' ? page : { _tag: 'Right', right: page.right.count ?? 0 }
}

/** A completed run was last updated when it was completed. */
const completedIn = async (window: Window, signal: AbortSignal): Promise<Result<Completed>> => {
  const [completed, failed] = await Promise.all([
    countOf({ ...window, status: ENDED }, signal),
    countOf({ ...window, status: 'FAILURE' }, signal),
  ])
  if (completed._tag === 'Left') return completed
  if (failed._tag === 'Left') return failed
  const rate = completed.right === 0 ? null : failed.right / completed.right
  return { _tag: 'Right', right: { completed: completed.right, failed: failed.right, rate } }
}
