/** `GET /policy-versions` and `GET /run-groups`: all of them, with what their runs came to. */
import { cursorOf, IdCursorKey } from '../../api/cursors.ts'
import { PageQuery } from '../../api/query-parts.ts'
import { PolicyVersionsAnswer, RunGroupsAnswer } from '../../api/summaries.ts'
import type { ReadModel } from '../../read-model/read-model.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { notReached } from '../response/positions.ts'
import { keyOf, MADE_AT, refuseRead } from '../response/reads.ts'
import { JSON_TYPE, NO_CACHE, POSITION, produces, refuse, typed } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'

type Summarized = Readonly<{
  url: string
  /** What an item calls its id. */
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
    async (request, reply) => {
      const { cursor, limit } = request.query
      const walk = { list: name }
      const after = keyOf(IdCursorKey, walk, cursor)
      if (after._tag === 'Left') return refuse(reply, after.left)
      const late = await notReached(parts, request.headers['run-ledger-position'])
      if (late !== null) return refuse(reply, late)
      const page = await list({ after: after.right?.id, limit })()
      if (page._tag === 'Left') return refuseRead(request, reply, page.left)
      const { position, counts, next } = page.right
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
    },
  )
}

const POLICY_VERSIONS = documented({
  operationId: 'listPolicyVersions',
  summary: 'All policy versions, with what their runs came to',
  description: 'In the order of their ids, page by page.',
  tag: 'reads',
  answers: { 200: { description: 'One page', schema: PolicyVersionsAnswer, headers: MADE_AT } },
  problems: ['position-not-reached'],
})

const RUN_GROUPS = documented({
  operationId: 'listRunGroups',
  summary: 'All groups of runs, with what their runs came to',
  description: 'In the order of their ids, page by page. Runs without a group are in none.',
  tag: 'reads',
  answers: { 200: { description: 'One page', schema: RunGroupsAnswer, headers: MADE_AT } },
  problems: ['position-not-reached'],
})
