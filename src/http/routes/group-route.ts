/** `GET /run-groups/{run_group_id}`: figures of a group, and its runs page by page. */
import { z } from 'zod'
import { cursorOf, RunCursorKey } from '../../api/cursors.ts'
import { RunGroupAnswer } from '../../api/groups.ts'
import { problem } from '../../api/problems.ts'
import { PageQuery } from '../../api/query-parts.ts'
import { Id } from '../../run/run.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { notReached } from '../response/positions.ts'
import { keyOf, MADE_AT, refuseRead } from '../response/reads.ts'
import { JSON_TYPE, NO_CACHE, POSITION, produces, refuse, typed } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'
import { quarantinedIn } from './run-list-route.ts'

export const groupRoute = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  app.get(
    '/run-groups/:run_group_id',
    {
      schema: { ...DOCUMENTED, params: z.object({ run_group_id: Id }), querystring: PageQuery, headers: ReadHeaders },
      onRequest: produces(JSON_TYPE),
    },
    async (request, reply) => {
      const { run_group_id } = request.params
      const { cursor, limit } = request.query
      const walk = { group: run_group_id }
      const after = keyOf(RunCursorKey, walk, cursor)
      if (after._tag === 'Left') return refuse(reply, after.left)
      const late = await notReached(parts, request.headers['run-ledger-position'])
      if (late !== null) return refuse(reply, late)
      // Both in one tick, so that most often they see the same moment; the answer names the earlier of the two.
      const read = await readModel.getRunGroup(run_group_id)()
      if (read._tag === 'Left') return refuseRead(request, reply, read.left)
      const { group, position } = read.right
      reply.header(POSITION, position)
      if (group === null) return refuse(reply, NO_SUCH_GROUP)
      const page = await readModel.listRuns({
        run_group_id: [run_group_id],
        sort: '-created_at',
        limit,
        after: after.right,
        count: false,
      })()
      if (page._tag === 'Left') return refuseRead(request, reply, page.left)
      const { runs, next } = page.right
      typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
      const head = JSON.stringify({ run_group_id, ...group })
      const rest = JSON.stringify({
        next_cursor: next === null ? null : cursorOf(walk, next),
        quarantined: quarantinedIn(runs),
      })
      return `${head.slice(0, -1)},"data":[${runs.map(({ text }) => text).join(',')}],${rest.slice(1)}`
    },
  )
}

const NO_SUCH_GROUP = problem('not-found', 'no run is in a group of this id')

const DOCUMENTED = documented({
  operationId: 'getRunGroup',
  summary: 'A group of runs: how many have which status, and the runs, newest first',
  description: '`GET /runs?run_group_id=…` lists them in other orders and with other filters.',
  tag: 'reads',
  answers: { 200: { description: 'The group, with one page of its runs', schema: RunGroupAnswer, headers: MADE_AT } },
  problems: ['not-found', 'position-not-reached'],
})
