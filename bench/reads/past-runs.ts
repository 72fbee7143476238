/** `GET /runs` by status as of a moment, newest first: its first page and its last, beside the same SQL, bare. */

import { runPlanOf } from '../../src/read-model/queries/list-runs.ts'
import type { RunQuery, SortKey } from '../../src/read-model/read-model.ts'
import { pastRunStatements } from '../../src/read-model/sqlite/reading/past-statements.ts'
import type { Benchmark } from '../measure.ts'
import { bareQuery } from '../support/bare-sql.ts'
import { behind, type Page, type Pages, type Stores, serving } from '../support/pages.ts'
import { rowOf } from '../support/reference.ts'
import { figuresAtTenTimes } from '../support/ten-times.ts'

const LIMIT = 50
const STATUS = 'SUCCESS'

export const pastRuns: Benchmark = {
  name: 'past-runs',
  run: (bench) => figuresAtTenTimes(bench, 'GET /runs?as_of&status', pagesOf, { sql: 2, growth: 1.5, later: null }),
}

/** As of the moment when three quarters of the runs were created. */
const pagesOf = async (at: Stores): Promise<Pages> => {
  const [as_of = ''] = rowOf(at.readModel, MOMENT)
  const path = `/runs?as_of=${as_of}&status=${STATUS}`
  const found = await serving(at, async (url) => {
    const { count } = (await (await fetch(`${url}${path}&count=true&limit=1`)).json()) as { count: number }
    // A full page, or it would be of more runs at ten times as many.
    return behind(url, path, count - LIMIT)
  })
  const after: SortKey = { value: String(found.last.created_at), run_id: String(found.last.run_id) }
  return {
    'first page': pageOf(as_of, `${path}&limit=${LIMIT}`),
    'last page': pageOf(as_of, `${path}&limit=${LIMIT}&cursor=${found.cursor}`, after),
  }
}

const MOMENT = 'SELECT created_at FROM runs ORDER BY created_at LIMIT 1 OFFSET (SELECT count(*) * 3 / 4 FROM runs)'

const pageOf = (as_of: string, path: string, after?: SortKey): Page => {
  const query: RunQuery = { as_of, status: [STATUS], sort: '-created_at', limit: LIMIT, count: false, after }
  const plan = runPlanOf(query)
  // A walk along the order of creation: no index knows which status a run had then.
  const bare = pastRunStatements(plan, query).rowsOn(plan.scan, { after: plan.after }, LIMIT)
  return { path, question: { of: 'runs', query }, bare: bareQuery([bare], 2) }
}
