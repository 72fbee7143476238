/** `GET /runs`: pages of runs that match. */
import { RunListAnswer } from '../../api/answers.ts'
import { cursorOf, RunCursorKey } from '../../api/cursors.ts'
import { RunListQuery } from '../../api/run-query.ts'
import type { StoredRun } from '../../read-model/read-model.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { onceReached } from '../response/positions.ts'
import { keyOf, MADE_AT, refuseRead } from '../response/reads.ts'
import { JSON_TYPE, NO_CACHE, POSITION, produces, refuse, typed } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const runListRoute = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  app.get(
    '/runs',
    {
      schema: { ...DOCUMENTED, querystring: RunListQuery, headers: ReadHeaders },
      onRequest: produces(JSON_TYPE),
    },
    (request, reply) => {
      const { cursor, limit, count, ...walk } = request.query
      const after = keyOf(RunCursorKey, walk, cursor)
      if (after._tag === 'Left') return refuse(reply, after.left)
      const metadata = walk.metadata === undefined ? undefined : Object.entries(walk.metadata)
      const query = { ...walk, metadata, limit, count, after: after.right }
      return onceReached(parts, request, reply, async () => {
        const page = await readModel.listRuns(query)()
        if (page._tag === 'Left') return refuseRead(request, reply, page.left)
        const { position, runs, next, count: counted } = page.right
        typed(reply, JSON_TYPE).header('cache-control', NO_CACHE).header(POSITION, position)
        const rest = JSON.stringify({
          next_cursor: next === null ? null : cursorOf(walk, next),
          count: counted,
          quarantined: quarantinedIn(runs),
        })
        return `{"data":[${runs.map(({ text }) => text).join(',')}],${rest.slice(1)}`
      })
    },
  )
}

/** Those of `runs` with a later event that cannot be read; none where there are none. */
export const quarantinedIn = (runs: readonly StoredRun[]) => {
  const named = runs.flatMap(({ run_id, quarantined }) =>
    quarantined === null ? [] : [{ run_id, revision: quarantined }],
  )
  return named.length === 0 ? undefined : named
}

const DOCUMENTED = documented({
  operationId: 'listRuns',
  summary: 'The runs that match, page by page',
  description:
    'Filters of different names must all hold, of the values of one any. `…_after` is ≥, `…_before` is <. A walk by `created_at` gives every run that matches throughout exactly once. A page may be short: only `next_cursor: null` ends.',
  tag: 'reads',
  answers: {
    200: {
      description: 'One page',
      schema: RunListAnswer,
      headers: MADE_AT,
    },
  },
  problems: ['position-not-reached'],
})
