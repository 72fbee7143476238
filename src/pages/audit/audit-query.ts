/** The trail as its address says it: the parameters of `GET /audit`. */
import type { ledger } from '../lib/ledger.ts'
import type { Filter } from '../parts/chips.tsx'

export const PAGE_SIZE = 100

const TYPES = ['RunCreated', 'RunStarted', 'RunStatusChanged', 'RunCompleted'] as const

export const FILTERS: readonly Filter[] = [
  { name: 'actor', label: 'Actor', many: true },
  { name: 'type', label: 'Event', many: true, values: TYPES },
  { name: 'run_id', label: 'Run', many: true },
  { name: 'policy_version_id', label: 'Policy version', many: true },
  { name: 'run_group_id', label: 'Group', many: true },
  { name: 'status', label: 'Set status', many: true },
  { name: 'result', label: 'Set result', many: true },
  { name: 'path', label: 'Changed path', many: true },
  { name: 'reason', label: 'Reason has', many: true },
  { name: 'occurred_after', label: 'Occurred from', many: false, time: true },
  { name: 'occurred_before', label: 'Occurred before', many: false, time: true },
  { name: 'recorded_after', label: 'Recorded from', many: false, time: true },
  { name: 'recorded_before', label: 'Recorded before', many: false, time: true },
  { name: 'command_id', label: 'Command', many: true },
  { name: 'correlation_id', label: 'Correlation', many: true },
]

/** The query that `params` mean; its parameters are judged by the server. */
export const auditQuery = (params: URLSearchParams) => {
  const query: Record<string, unknown> = { limit: PAGE_SIZE }
  for (const name of new Set(params.keys())) {
    if (name === 'live') continue
    query[name] = params.getAll(name).length > 1 ? params.getAll(name) : params.get(name)
  }
  return query as NonNullable<Parameters<typeof ledger.listEntries>[0]>
}

/** Whether new entries join the page as they come: on the first page, newest first. */
export const canFollow = (params: URLSearchParams): boolean =>
  !params.has('cursor') && (params.get('sort') ?? '-position') === '-position'
