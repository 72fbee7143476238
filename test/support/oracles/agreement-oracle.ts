/** Where two policy versions agree, counted a second time and plainly: over raw events. */
import type { Run } from '../../../src/run/run.ts'
import { durationsOf, isCompleted, percentileOf, runsAt, type Seen } from './oracle.ts'

type Asked = Readonly<{
  policy_version_id: string
  with: string
  from?: string | undefined
  to?: string | undefined
}>

/** What `ReadModel.agreement` returns, but all differing groups at once. */
export const agreementIn = (seen: readonly Seen[], asked: Asked) => {
  const groups = Map.groupBy(
    runsAt(seen).filter((run) => isCompleted(run) && run.run_group_id !== null),
    (run) => run.run_group_id as string,
  )
  const pairs = [...groups].flatMap(([run_group_id, runs]) => {
    const ones = runs.filter((run) => run.policy_version_id === asked.policy_version_id)
    const others = runs.filter((run) => run.policy_version_id === asked.with)
    const first = ones.map(({ created_at }) => created_at).sort()[0]
    const isAsked = first !== undefined && first >= (asked.from ?? '') && first < (asked.to ?? '~')
    return isAsked && others.length > 0 ? [{ run_group_id, ones, others }] : []
  })
  const compared = pairs.flatMap(({ run_group_id, ones, others }) =>
    ones.length === 1 && others.length === 1 ? [{ run_group_id, run: ones[0] as Run, with: others[0] as Run }] : [],
  )
  const differences = compared.map((pair) => durationIn(pair.with) - durationIn(pair.run)).sort((a, b) => a - b)
  const cells = Map.groupBy(compared, (pair) => JSON.stringify([pair.run.result, pair.with.result]))
  return {
    compared: compared.length,
    ambiguous: pairs.length - compared.length,
    results: new Map([...cells].map(([cell, of]) => [cell, of.length])),
    differences: {
      mean: differences.length === 0 ? null : differences.reduce((sum, one) => sum + one, 0) / differences.length,
      min: differences[0] ?? null,
      max: differences.at(-1) ?? null,
      p50: differences.length === 0 ? null : percentileOf(differences, 50),
      p95: differences.length === 0 ? null : percentileOf(differences, 95),
      p99: differences.length === 0 ? null : percentileOf(differences, 99),
    },
    groups: compared
      .filter((pair) => pair.run.result !== pair.with.result)
      .sort((a, b) => (a.run_group_id < b.run_group_id ? -1 : 1))
      .map(({ run_group_id, ...pair }) => ({ run_group_id, run: shownOf(pair.run), with: shownOf(pair.with) })),
  }
}

const durationIn = (run: Run): number => durationsOf([run])[0] as number

const shownOf = (run: Run) => ({
  run_id: run.run_id,
  result: run.result,
  duration_ms: durationIn(run),
  created_at: run.created_at,
})
