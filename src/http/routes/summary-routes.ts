/** `GET /policy-versions` and `GET /run-groups`: all of them, with figures of their runs. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { cursorOf, IdCursorKey } from '../../api/cursors.ts'
import { PageQuery } from '../../api/query-parts.ts'
import { PolicyVersionsAnswer, RunGroupsAnswer } from '../../api/summaries.ts'
import type { ReadModel } from '../../read-model/read-model.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { POSITION_HEADER, reached } from '../response/await-position.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { respond } from '../response/problem-response.ts'
import { keyOf, readRefusal } from '../response/read-problems.ts'
import { NO_CACHE, POSITION } from '../response/response-headers.ts'
import type { App, ServerParts } from '../server-parts.ts'

type Summarized = Readonly<{
  url: string
  /** The field of an item that holds its id. */
  name: 'policy_version_id' | 'run_group_id'
  list: ReadModel['listRunGroups']
  schema: ReturnType<typeof documented>
}>

export const summaryRoutes = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  summaryRoute(app, parts, {
    url: '/policy-versions',
    name: 'policy_version_id',
    list: readModel.listPolicyVersions,
    schema: POLICY_VERSIONS,
  })
  summaryRoute(app, parts, {
    url: '/run-groups',
    name: 'run_group_id',
    list: readModel.listRunGroups,
    schema: RUN_GROUPS,
  })
}

const summaryRoute = (app: App, parts: ServerParts, { url, name, list, schema }: Summarized): void => {
  app.get(
    url,
    { schema: { ...schema, querystring: PageQuery, headers: ReadHeaders }, onRequest: produces(JSON_TYPE) },
    ({ query: { cursor, limit }, headers }, reply) => {
      const walk = { list: name }
      return respond(
        reply,
        pipe(
          TE.fromEither(keyOf(IdCursorKey, walk, cursor)),
          TE.tap(() => reached(parts, headers['run-ledger-position'])),
          TE.flatMap((after) => pipe(list({ after: after?.id, limit }), TE.mapLeft(readRefusal))),
          TE.map(({ position, counts, next }) => {
            typed(reply, JSON_TYPE).header('cache-control', NO_CACHE).header(POSITION, position)
            return JSON.stringify({
              data: counts.map(({ id, runs, by_status, error_rate, created_at, last_updated_at }) => ({
                [name]: id,
                runs,
                by_status,
                error_rate,
                created_at,
                last_updated_at,
              })),
              next_cursor: next === null ? null : cursorOf(walk, { id: next }),
            })
          }),
        ),
      )
    },
  )
}

const POLICY_VERSIONS = documented({
  operationId: 'listPolicyVersions',
  permission: 'reader',
  summary: 'All policy versions, with figures of their runs',
  description: 'In the order of their ids, page by page.',
  tag: 'reads',
  answers: { 200: { description: 'One page', schema: PolicyVersionsAnswer, headers: POSITION_HEADER } },
  problems: ['position-not-reached'],
})

const RUN_GROUPS = documented({
  operationId: 'listRunGroups',
  permission: 'reader',
  summary: 'All groups of runs, with figures of their runs',
  description: 'In the order of their ids, page by page. Runs without a group are not counted.',
  tag: 'reads',
  answers: { 200: { description: 'One page', schema: RunGroupsAnswer, headers: POSITION_HEADER } },
  problems: ['position-not-reached'],
})
