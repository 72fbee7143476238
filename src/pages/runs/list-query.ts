/** The list of runs as its address says it: the parameters of `GET /runs`, and those that only the page knows. */
import type { ledger } from '../lib/ledger.ts'
import type { Filter } from '../parts/chips.tsx'

export const PAGE_SIZE = 50

const STATUSES = ['PENDING', 'STARTED', 'SUCCESS', 'FAILURE', 'CANCELLED'] as const

export const FILTERS: readonly Filter[] = [
  { name: 'status', label: 'Status', many: true, values: STATUSES },
  { name: 'result', label: 'Result', many: true },
  { name: 'policy_version_id', label: 'Policy version', many: true },
  { name: 'run_group_id', label: 'Group', many: true },
  { name: 'metadata', label: 'Metadata', many: false },
  { name: 'created_after', label: 'Created from', many: false, time: true },
  { name: 'created_before', label: 'Created before', many: false, time: true },
  { name: 'updated_after', label: 'Updated from', many: false, time: true },
  { name: 'updated_before', label: 'Updated before', many: false, time: true },
  { name: 'as_of', label: 'As it stood at', many: false, time: true },
  { name: 'known_at', label: 'As it was known at', many: false, time: true },
]

const OF_THE_PAGE: ReadonlySet<string> = new Set(['columns', 'at'])

/** The query of the list that `params` mean, for the client; its parameters are judged by the server. */
export const listQuery = (params: URLSearchParams) => {
  const query: Record<string, unknown> = { limit: PAGE_SIZE }
  const metadata: Record<string, string> = {}
  for (const name of new Set(params.keys())) {
    if (OF_THE_PAGE.has(name)) continue
    const [, key] = /^metadata\[(.+)\]$/.exec(name) ?? []
    if (key !== undefined) metadata[key] = params.get(name) ?? ''
    else query[name] = params.getAll(name).length > 1 ? params.getAll(name) : params.get(name)
  }
  return { ...query, ...(Object.keys(metadata).length === 0 ? undefined : { metadata }) } as NonNullable<
    Parameters<typeof ledger.listRuns>[0]
  >
}

/** The same without the place in it. */
export const withoutPlace = (params: URLSearchParams): URLSearchParams => {
  const rest = new URLSearchParams(params)
  for (const name of ['cursor', 'at', 'count']) rest.delete(name)
  return rest
}
