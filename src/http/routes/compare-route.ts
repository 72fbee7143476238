/** `GET /compare`: two runs, or one run at two moments, side by side. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { CompareAnswer, CompareQuery } from '../../api/compare.ts'
import { type ComparisonFailure, compareRuns } from '../../ledger/compare.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { logPosition, POSITION_HEADER } from '../response/await-position.ts'
import { JSON_TYPE, produces, typed } from '../response/content-negotiation.ts'
import { type Refusal, respond } from '../response/problem-response.ts'
import { historyRefusal } from '../response/read-problems.ts'
import { NO_CACHE, POSITION } from '../response/response-headers.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const compareRoute = (app: App, parts: ServerParts): void => {
  const { store } = parts
  app.get(
    '/compare',
    {
      schema: { ...DOCUMENTED, querystring: CompareQuery, headers: ReadHeaders },
      onRequest: produces(JSON_TYPE),
    },
    ({ headers, query }, reply) =>
      respond(
        reply,
        pipe(
          logPosition(parts, headers['run-ledger-position']),
          TE.flatMap((position) => {
            reply.header(POSITION, position)
            return pipe(compareRuns(store)(query.a, query.b), TE.mapLeft(comparisonRefusal))
          }),
          TE.map(({ a, b, patch, path }) => {
            typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
            return JSON.stringify({
              a: { revision: a.revision, run: a.run },
              b: { revision: b.revision, run: b.run },
              patch,
              path,
            })
          }),
        ),
      ),
  )
}

/** Names the run that could not be read. */
const comparisonRefusal = ({ run_id, failure }: ComparisonFailure): Refusal => {
  const refusal = historyRefusal(failure)
  return { ...refusal, problem: { ...refusal.problem, run_id } }
}

const DOCUMENTED = documented({
  operationId: 'compareRuns',
  permission: 'reader',
  summary: 'Two runs, or one run at two moments: a JSON Patch from one to the other, and their events side by side',
  description:
    'Both are folded from the log. The patch is RFC 6902. The events of both are aligned by type and resulting status, with the time that each step took. `run_id` of a problem names the run that could not be read.',
  tag: 'reads',
  answers: {
    200: { description: 'Both Runs, the patch and the paths', schema: CompareAnswer, headers: POSITION_HEADER },
  },
  problems: [
    'run-not-found',
    'run-not-yet-created',
    'not-found',
    'run-deleted',
    'run-unreadable',
    'position-not-reached',
  ],
})
