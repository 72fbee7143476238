/** `GET /runs`: pages of runs that match. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RunListAnswer } from '../../api/answers.ts'
import { type CursorQuery, cursorOf, RunCursorKey } from '../../api/cursors.ts'
import { RunListQuery } from '../../api/run-query.ts'
import type { RunQuery, SortKey, StoredRun, TextPage } from '../../read-model/read-model.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { onceReached } from '../response/positions.ts'
import { keyOf, MADE_AT, refuseBusy } from '../response/reads.ts'
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
      const query: RunQuery = { ...walk, metadata, limit, count, after: after.right }
      return onceReached(parts, request, reply, () => {
        const page = readModel.runsText(query)
        return page === null ? tellListed(request, reply, query, walk) : tell(reply, walk, page)
      })
    },
  )

  const tellListed = async (request: FastifyRequest, reply: FastifyReply, query: RunQuery, walk: CursorQuery) => {
    const page = await readModel.listRuns(query)()
    if (page._tag === 'Left') return refuseBusy(request, reply, page.left)
    const { runs, count, position, next } = page.right
    const text = runs.map((run) => run.text).join(',')
    return tell(reply, walk, { position, text, next }, { count, quarantined: quarantinedIn(runs) })
  }
}

/** `more`: what else the answer says. */
const tell = (reply: FastifyReply, walk: CursorQuery, page: TextPage<SortKey>, more: object = {}): string => {
  const { position, text, next } = page
  typed(reply, JSON_TYPE).header('cache-control', NO_CACHE).header(POSITION, position)
  const rest = JSON.stringify({ next_cursor: next === null ? null : cursorOf(walk, next), ...more })
  return `{"data":[${text}],${rest.slice(1)}`
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
