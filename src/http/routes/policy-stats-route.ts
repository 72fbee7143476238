/** `GET /policy-versions/{policy_version_id}/stats`: figures of a policy version's runs over time. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { PolicyStatsAnswer, PolicyStatsQuery } from '../../api/policy-stats.ts'
import { Id } from '../../run/run.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { POSITION_HEADER, reached, withPosition } from '../response/await-position.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { type Refusal, respond } from '../response/problem-response.ts'
import { parameterProblem, readRefusal } from '../response/read-problems.ts'
import { NO_CACHE } from '../response/response-headers.ts'
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
    ({ params, query, headers }, reply) =>
      respond(
        reply,
        pipe(
          reached(parts, headers['run-ledger-position']),
          TE.flatMap(() => pipe(readModel.policyStats({ ...params, ...query }), TE.mapLeft(readRefusal))),
          TE.map(withPosition(reply)),
          TE.filterOrElse(
            ({ buckets }) => buckets.length <= limits.buckets,
            () => tooManyBuckets(limits.buckets),
          ),
          TE.map(({ buckets }) => {
            typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
            return JSON.stringify({ data: buckets.map(({ mean_ms_by_status: _, ...bucket }) => bucket) })
          }),
        ),
      ),
  )
}

const tooManyBuckets = (most: number): Refusal => ({
  problem: parameterProblem(
    'bucket',
    `runs were created in more than ${most} of them: take longer ones, or narrow from and to`,
  ),
})

const DOCUMENTED = documented({
  operationId: 'getPolicyStats',
  permission: 'reader',
  summary: 'Figures of the runs of a policy version: statuses, results, errors and durations',
  description:
    'A run counts in the bucket of its `created_at`. Only buckets in which runs were created are returned, in order of time. A policy version without runs has no buckets. Rates and shares are of completed runs.',
  tag: 'reads',
  answers: { 200: { description: 'The buckets', schema: PolicyStatsAnswer, headers: POSITION_HEADER } },
  problems: ['not-found', 'position-not-reached'],
})
