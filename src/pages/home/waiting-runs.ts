/** The runs that are not completed: how many stand in each status, and the one that has waited longest. */
import type { Result, Run } from '../../client/client.ts'
import { ledger } from '../lib/ledger.ts'

/** `oldest`: the run that has stood in the status, unchanged, for longest. */
export type WaitingRuns = Readonly<{ status: string; runs: number; oldest: Run | null }>

const ENDED: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'CANCELLED'])

export const waitingRuns = async (signal: AbortSignal): Promise<Result<readonly WaitingRuns[]>> => {
  const counts = await openStatuses(signal)
  if (counts._tag === 'Left') return counts
  const oldest = await Promise.all(
    [...counts.right.keys()].map((status) =>
      ledger.listRuns({ status, sort: 'last_updated_at', limit: 1 }, { signal }),
    ),
  )
  const waiting: WaitingRuns[] = []
  for (const [at, [status, runs]] of [...counts.right].entries()) {
    const page = oldest[at]
    if (page === undefined) continue
    if (page._tag === 'Left') return page
    waiting.push({ status, runs, oldest: (page.right.data[0] as Run | undefined) ?? null })
  }
  return { _tag: 'Right', right: waiting.toSorted((a, b) => b.runs - a.runs) }
}

/** How many runs stand in each status that is not terminal, over all policy versions. */
const openStatuses = async (signal: AbortSignal): Promise<Result<ReadonlyMap<string, number>>> => {
  const counts = new Map<string, number>()
  let cursor: string | undefined
  do {
    const page = await ledger.listPolicyVersions({ limit: 1_000, cursor }, { signal })
    if (page._tag === 'Left') return page
    for (const { by_status } of page.right.data)
      for (const [status, runs] of Object.entries(by_status))
        if (!ENDED.has(status) && runs > 0) counts.set(status, (counts.get(status) ?? 0) + runs)
    cursor = page.right.next_cursor ?? undefined
  } while (cursor !== undefined)
  return { _tag: 'Right', right: counts }
}
