/** `GET /runs`: pages of runs that match. */
import type { FastifyReply } from 'fastify'
import { RunListAnswer } from '../api/answers.ts'
import { cursorOf, RunCursorKey } from '../api/cursors.ts'
import { RunListQuery } from '../api/run-query.ts'
import type { RunPage, RunQuery, StoredRun } from '../read-model/read-model.ts'
import { documented } from './documented.ts'
import { ReadHeaders } from './headers.ts'
import { notReached } from './positions.ts'
import { keyOf, MADE_AT, refuseBusy } from './reads.ts'
import { JSON_TYPE, NO_CACHE, POSITION, produces, refuse, typed } from './replies.ts'
import type { App, ServerParts } from './server-parts.ts'

export const runListRoute = (app: App, { readModel, limits }: ServerParts): void => {
  app.get(
    '/runs',
    {
      schema: { ...DOCUMENTED, querystring: RunListQuery, headers: ReadHeaders },
      onRequest: produces(JSON_TYPE),
    },
    async (request, reply) => {
      const { cursor, limit, count, ...walk } = request.query
      const after = keyOf(RunCursorKey, walk, cursor)
      if (after._tag === 'Left') return refuse(reply, after.left)
      const late = await notReached(readModel, request.headers['run-ledger-position'], limits.waitForPosition)
      if (late !== null) return refuse(reply, late)
      const metadata = walk.metadata === undefined ? undefined : Object.entries(walk.metadata)
      const query: RunQuery = { ...walk, metadata, limit, count, after: after.right }
      const page = await readModel.listRuns(query)()
      return page._tag === 'Right' ? tell(reply, walk, page.right) : refuseBusy(request, reply, page.left)
    },
  )
}

const tell = (reply: FastifyReply, walk: Readonly<Record<string, unknown>>, page: RunPage): string => {
  const { position, runs, next, count } = page
  typed(reply, JSON_TYPE).header('cache-control', NO_CACHE).header(POSITION, position)
  const data = runs.map(({ text }) => text).join(',')
  const rest = JSON.stringify({
    next_cursor: next === null ? null : cursorOf(walk, next),
    count,
    quarantined: quarantinedIn(runs),
  })
  return `{"data":[${data}],${rest.slice(1)}`
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
