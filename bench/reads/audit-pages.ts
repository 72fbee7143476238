/** `GET /audit` by actor and time, newest first: its first page and its hundredth, beside the same SQL, bare. */

import { entryPlanOf } from '../../src/read-model/queries/list-entries.ts'
import type { EntryKey, EntryQuery } from '../../src/read-model/read-model.ts'
import { entryStatements } from '../../src/read-model/sqlite/reading/entry-statements.ts'
import type { Benchmark } from '../measure.ts'
import { bareQuery } from '../support/bare-sql.ts'
import { behind, type Page, type Pages, type Stores, serving } from '../support/pages.ts'
import { rowOf } from '../support/reference.ts'
import { figuresAtTenTimes } from '../support/ten-times.ts'

const LIMIT = 50

export const auditPages: Benchmark = {
  name: 'audit-pages',
  run: (bench) => {
    const pagesOf = (at: Stores) => pagesOfBusiest(at, bench.quick ? 5 : 100)
    return figuresAtTenTimes(bench, 'GET /audit by actor and time', pagesOf, { sql: 1.5, growth: 1.2, later: 1.2 })
  },
}

/** Of the actor with the most entries, and nearly all of their time. */
const pagesOfBusiest = async (at: Stores, deep: number): Promise<Pages> => {
  const [actor = ''] = rowOf(at.readModel, BUSIEST)
  const [first = '', last = ''] = rowOf(at.readModel, SPAN, actor)
  const asked = { actor: [actor], occurred_after: first, occurred_before: last }
  const path = `/audit?sort=-occurred_at&actor=${actor}&occurred_after=${first}&occurred_before=${last}`
  const found = await serving(at, (url) => behind(url, path, (deep - 1) * LIMIT))
  const after: EntryKey = { value: String(found.last.occurred_at), position: String(found.last.position) }
  return {
    'page 1': pageOf(asked, `${path}&limit=${LIMIT}`),
    'page 100': pageOf(asked, `${path}&limit=${LIMIT}&cursor=${found.cursor}`, after),
  }
}

const BUSIEST = 'SELECT actor FROM entries WHERE actor IS NOT NULL GROUP BY actor ORDER BY count(*) DESC LIMIT 1'
const SPAN = 'SELECT min(occurred_at), max(occurred_at) FROM entries WHERE actor = ?'

type Asked = Readonly<{ actor: readonly string[]; occurred_after: string; occurred_before: string }>

const pageOf = (asked: Asked, path: string, after?: EntryKey): Page => {
  const query: EntryQuery = { ...asked, sort: '-occurred_at', limit: LIMIT, after }
  const plan = entryPlanOf(query)
  const bare = entryStatements(plan).rowsOn(plan.exact?.[0] ?? plan.scan, { after: plan.after }, LIMIT)
  return {
    path,
    question: { of: 'entries', query },
    bare: bareQuery([bare], 3),
  }
}
