/** The requests that loads are made of. */
import type { Bench } from '../measure.ts'
import type { Request } from './connection.ts'
import { linesOf, loanLines } from './data.ts'

/** A loan application without `run_id`: each time that it is sent it makes another run. */
export const CREATE: Request = {
  method: 'POST',
  path: '/runs',
  body: JSON.stringify({
    policy_version_id: 'personal-loan-2011',
    run_group_id: 'registered-2011-10-01',
    input_data: { amount_requested: 20_000, currency: 'EUR', term_months: 48, purpose: 'home improvement' },
    run_metadata: { source: 'bench', channel: 'web' },
  }),
}

/** How many runs are read in turn. */
const RUNS = 1000

/** `GET /runs/{run_id}` of runs of the loan applications. */
export const readsOfRuns = async (bench: Bench): Promise<readonly Request[]> => {
  const reads: Request[] = []
  for await (const line of linesOf(await loanLines(bench))) {
    const { command, run_id } = JSON.parse(line) as { command: string; run_id: string }
    if (command === 'create') reads.push({ method: 'GET', path: `/runs/${run_id}` })
    if (reads.length === RUNS) break
  }
  return reads
}
