/** `GET /runs` by status, newest first, over a million runs: its first page and its hundredth, beside the same SQL, bare. */
import { runPlanOf } from '../../src/read-model/queries/list-runs.ts'
import type { RunQuery, SortKey } from '../../src/read-model/read-model.ts'
import { currentRunStatements } from '../../src/read-model/sqlite/reading/run-statements.ts'
import { type Benchmark, inTurn } from '../measure.ts'
import { bareQuery } from '../support/bare-sql.ts'
import { MOST_HAVE, millionRuns } from '../support/million-runs.ts'
import { atMost, behind, besideFirst, besideSql, type Page, pageSides, serving } from '../support/pages.ts'

const LIMIT = 50
const DEEP = 100

export const listRuns: Benchmark = {
  name: 'list-runs',
  run: async (bench) => {
    const million = await millionRuns(bench)
    const { cursor, last } = await serving(million, (url) => behind(url, LIST, (DEEP - 1) * LIMIT))
    const after: SortKey = { value: String(last.created_at), run_id: String(last.run_id) }
    const pages = { 'page 1': pageOf(`${LIST}&limit=${LIMIT}`), 'page 100': pageOf(following(cursor), after) }
    const sides = pageSides(million, pages, bench.seconds / 2)
    const { ours, floor, alone } = await inTurn(bench, sides)
    const name = 'GET /runs by status, newest first'
    const inProcess = alone.map((one) => one.ours)
    const bare = alone.map((one) => one.floor)
    return [
      besideSql(name, 'page 1', ours, floor, atMost(1.5)),
      besideSql(name, 'page 100', ours, floor, atMost(1.5)),
      ...besideFirst(name, ours, atMost(1.2)),
      besideSql('the same without HTTP', 'page 1', inProcess, bare, null),
      besideSql('the same without HTTP', 'page 100', inProcess, bare, null),
      ...besideFirst('the same without HTTP', inProcess, null),
    ]
  },
}

const LIST = `/runs?status=${MOST_HAVE}`
const following = (cursor: string): string => `${LIST}&limit=${LIMIT}&cursor=${cursor}`

const pageOf = (path: string, after?: SortKey): Page => {
  const query: RunQuery = { status: [MOST_HAVE], sort: '-created_at', limit: LIMIT, count: false, after }
  const plan = runPlanOf(query)
  const bare = currentRunStatements(plan).rowsOn(plan.exact?.[0] ?? plan.scan, { after: plan.after }, LIMIT)
  return {
    path,
    question: { of: 'runs', query },
    bare: bareQuery([bare], 2),
  }
}
