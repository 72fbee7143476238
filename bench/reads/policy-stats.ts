/** The figures of a policy version, five months by the day, beside the same SQL, bare. */

import type { PolicyStatsQuery } from '../../src/read-model/read-model.ts'
import { policyStatements } from '../../src/read-model/sqlite/reading/policy-statements.ts'
import { type Benchmark, inTurn } from '../measure.ts'
import { bareQuery } from '../support/bare-sql.ts'
import { atMost, besideSql, type Pages, pageSides } from '../support/pages.ts'
import { referenceLedger, rowOf, storesOf } from '../support/reference.ts'

export const policyStats: Benchmark = {
  name: 'policy-stats',
  run: async (bench) => {
    const at = storesOf(await referenceLedger(bench))
    const { ours, floor, alone } = await inTurn(bench, pageSides(at, pagesOf(at.readModel), bench.seconds / 2))
    const inProcess = alone.map((one) => one.ours)
    const bare = alone.map((one) => one.floor)
    return [
      besideSql("a policy version's figures", PAGE, ours, floor, atMost(2)),
      besideSql('the same without HTTP', PAGE, inProcess, bare, null),
    ]
  },
}

const PAGE = 'by day'

const pagesOf = (readModel: string): Pages => {
  const [policy_version_id = '', first = ''] = rowOf(readModel, WITH_MOST_RUNS)
  const from = `${first.slice(0, 10)}T00:00:00.000Z`
  const end = new Date(from)
  end.setUTCMonth(end.getUTCMonth() + MONTHS)
  const query: PolicyStatsQuery = { policy_version_id, from, to: end.toISOString(), bucket: 'day' }
  const path = `/policy-versions/${policy_version_id}/stats?bucket=day&from=${query.from}&to=${query.to}`
  const span = { policy_version_id, from: first.slice(0, 10), before: end.toISOString().slice(0, 10) }
  const { figuresIn, durationsIn } = policyStatements
  const bare = bareQuery(
    [figuresIn, durationsIn].map((by) => by(span, 10)),
    null,
  )
  return {
    [PAGE]: { path, question: { of: 'stats', query }, bare },
  }
}

const MONTHS = 5

const WITH_MOST_RUNS =
  'SELECT policy_version_id, min(created_at) FROM runs GROUP BY policy_version_id ORDER BY count(*) DESC LIMIT 1'
