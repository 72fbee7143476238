/** `GET /policy-versions/{policy_version_id}/agreement`: where two policy versions agree, and the groups that differ. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { type AgreementAnswer, AgreementQuery, AgreementAnswer as AnswerSchema } from '../../api/agreement.ts'
import { type CursorQuery, cursorOf, IdCursorKey } from '../../api/cursors.ts'
import type { Agreement } from '../../read-model/read-model.ts'
import { Id } from '../../run/run.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { POSITION_HEADER, reached, withPosition } from '../response/await-position.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { respond } from '../response/problem-response.ts'
import { keyOf, parameterProblem, readRefusal } from '../response/read-problems.ts'
import { NO_CACHE } from '../response/response-headers.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const agreementRoute = (app: App, parts: ServerParts): void => {
  const { readModel } = parts
  app.get(
    '/policy-versions/:policy_version_id/agreement',
    {
      schema: {
        ...DOCUMENTED,
        params: z.object({ policy_version_id: Id }),
        querystring: AgreementQuery,
        headers: ReadHeaders,
      },
      onRequest: produces(JSON_TYPE),
    },
    ({ params, query: { cursor, limit, ...rest }, headers }, reply) => {
      const walk = { ...params, ...rest }
      return respond(
        reply,
        pipe(
          keyOf(IdCursorKey, walk, cursor),
          E.filterOrElse(
            () => walk.with !== walk.policy_version_id,
            () => ({ problem: parameterProblem('with', 'must be another policy version') }),
          ),
          TE.fromEither,
          TE.tap(() => reached(parts, headers['run-ledger-position'])),
          TE.flatMap((key) => pipe(readModel.agreement({ ...walk, limit, after: key?.id }), TE.mapLeft(readRefusal))),
          TE.map(withPosition(reply)),
          TE.map((agreement) => {
            typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
            return JSON.stringify(answerOf(walk, agreement))
          }),
        ),
      )
    },
  )
}

type Walk = CursorQuery & Readonly<{ policy_version_id: string; with: string }>

const answerOf = (walk: Walk, agreement: Omit<Agreement, 'position'>): AgreementAnswer => {
  const { compared, ambiguous, results, duration_difference_ms, groups, next } = agreement
  const alike = results.filter(({ result, with_result }) => result === with_result)
  const agree = alike.reduce((sum, { count }) => sum + count, 0)
  return {
    policy_version_id: walk.policy_version_id,
    with: walk.with,
    groups: compared + ambiguous,
    compared,
    ambiguous,
    agree,
    differ: compared - agree,
    share: compared === 0 ? null : agree / compared,
    results: [...results],
    duration_difference_ms,
    data: [...groups],
    next_cursor: next === null ? null : cursorOf(walk, { id: next }),
  }
}

const DOCUMENTED = documented({
  operationId: 'getAgreement',
  permission: 'reader',
  summary: 'Where two policy versions agree, and the groups that differ',
  description:
    'Runs of one group with different policy versions decide the same application. Of the groups that have one completed run of each version, the results are compared. The figures are of all groups, `data` is a page of those that differ.',
  tag: 'reads',
  answers: {
    200: {
      description: 'The figures, and one page of the groups that differ',
      schema: AnswerSchema,
      headers: POSITION_HEADER,
    },
  },
  problems: ['position-not-reached'],
})
