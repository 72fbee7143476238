/** `GET /policy-versions/{policy_version_id}/stats`: figures of a policy version's runs over time. */
import { z } from 'zod'
import { PolicyStatsAnswer, PolicyStatsQuery } from '../../api/policy-stats.ts'
import { Id } from '../../run/run.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { notReached } from '../response/positions.ts'
import { MADE_AT, parameterProblem, refuseRead } from '../response/reads.ts'
import { JSON_TYPE, NO_CACHE, POSITION, produces, refuse, typed } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const policyStatsRoute = (app: App, parts: ServerParts): void => {
  const { readModel, limits } = parts
  app.get(
    '/policy-versions/:policy_version_id/stats',
    {
      schema: {
        ...DOCUMENTED,
        params: z.object({ policy_version_id: Id }),
        querystring: PolicyStatsQuery,
        headers: ReadHeaders,
      },
      onRequest: produces(JSON_TYPE),
    },
    async (request, reply) => {
      const late = await notReached(parts, request.headers['run-ledger-position'])
      if (late !== null) return refuse(reply, late)
      const { policy_version_id } = request.params
      const stats = await readModel.policyStats({ policy_version_id, ...request.query })()
      if (stats._tag === 'Left') return refuseRead(request, reply, stats.left)
      const { position, buckets } = stats.right
      reply.header(POSITION, position)
      if (buckets.length > limits.buckets) return refuse(reply, tooManyBuckets(limits.buckets))
      typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
      return JSON.stringify({ data: buckets })
    },
  )
}

const tooManyBuckets = (most: number) =>
  parameterProblem('bucket', `runs were created in more than ${most} of them: take longer ones, or narrow from and to`)

const DOCUMENTED = documented({
  operationId: 'getPolicyStats',
  summary: 'Figures of the runs of a policy version: statuses, results, errors and durations',
  description:
    'A run counts in the bucket of its `created_at`. Only buckets in which runs were created are told, in the order of time: a policy version that no run names has none. Rates and shares are of completed runs.',
  tag: 'reads',
  answers: { 200: { description: 'The buckets', schema: PolicyStatsAnswer, headers: MADE_AT } },
  problems: ['not-found', 'position-not-reached'],
})
