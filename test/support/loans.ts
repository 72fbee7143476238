/** Lines of the command format for tests that import: small runs that all can be taken. */

/** `runs` runs, each created, started, changed and completed, a line each, in an order that mixes the runs. */
export const loanLines = (runs: number, prefix = 'loan'): readonly string[] => {
  const ids = Array.from({ length: runs }, (_, n) => `${prefix}-${n}`)
  return STEPS.flatMap((step, at) =>
    ids.map((run_id) => JSON.stringify({ ...step, run_id, occurred_at: `2026-01-05T10:0${at}:00.000Z` })),
  )
}

const STEPS = [
  { command: 'create', policy_version_id: 'policy-7', run_group_id: 'day-1', input_data: { amount: 12_000 } },
  { command: 'start', actor: 'engine' },
  { command: 'change_status', status: 'SCORED', run_metadata: { score: 640 } },
  { command: 'complete', status: 'SUCCESS', result: 'APPROVED' },
] as const

/** One file's text. */
export const fileOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
