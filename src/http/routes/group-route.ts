/** `GET /run-groups/{run_group_id}`: figures of a group, and its runs page by page. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { cursorOf, RunCursorKey } from '../../api/cursors.ts'
import { RunGroupAnswer } from '../../api/groups.ts'
import { problem } from '../../api/problems.ts'
import { PageQuery } from '../../api/query-parts.ts'
import type { SortKey } from '../../read-model/read-model.ts'
import { Id } from '../../run/run.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { POSITION_HEADER, reached, withPosition } from '../response/await-position.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { type Refusal, respond } from '../response/problem-response.ts'
import { keyOf, readRefusal } from '../response/read-problems.ts'
import { NO_CACHE } from '../response/response-headers.ts'
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
    ({ params: { run_group_id }, query: { cursor, limit }, headers }, reply) => {
      const walk = { group: run_group_id }
      const groupRead = pipe(
        // In the same tick as the page, so that both mostly see the same moment. The header names this, the earlier one.
        readModel.getRunGroup(run_group_id),
        TE.mapLeft(readRefusal),
        TE.map(withPosition(reply)),
        TE.flatMap(({ group }) => (group === null ? TE.left<Refusal>({ problem: NO_SUCH_GROUP }) : TE.right(group))),
      )
      const pageAfter = (after: SortKey | undefined) =>
        pipe(
          readModel.listRuns({ run_group_id: [run_group_id], sort: '-created_at', limit, after, count: false }),
          TE.mapLeft(readRefusal),
        )
      return respond(
        reply,
        pipe(
          TE.fromEither(keyOf(RunCursorKey, walk, cursor)),
          TE.tap(() => reached(parts, headers['run-ledger-position'])),
          TE.bindTo('after'),
          TE.bind('group', () => groupRead),
          TE.bind('page', ({ after }) => pageAfter(after)),
          TE.map(({ group, page: { runs, next } }) => {
            typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
            const head = JSON.stringify({ run_group_id, ...group })
            const rest = JSON.stringify({
              next_cursor: next === null ? null : cursorOf(walk, next),
              quarantined: quarantinedIn(runs),
            })
            return `${head.slice(0, -1)},"data":[${runs.map(({ text }) => text).join(',')}],${rest.slice(1)}`
          }),
        ),
      )
    },
  )
}

const NO_SUCH_GROUP = problem('not-found', 'no run is in a group of this id')

const DOCUMENTED = documented({
  operationId: 'getRunGroup',
  permission: 'reader',
  summary: 'A group of runs: the number of runs in each status, and the runs, newest first',
  description: '`GET /runs?run_group_id=…` lists the same runs in other orders and with more filters.',
  tag: 'reads',
  answers: {
    200: { description: 'The group, with one page of its runs', schema: RunGroupAnswer, headers: POSITION_HEADER },
  },
  problems: ['not-found', 'position-not-reached'],
})
