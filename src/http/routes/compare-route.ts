/** `GET /compare`: two runs, or two moments of one, side by side. */
import type { FastifyRequest } from 'fastify'
import { CompareAnswer, CompareQuery } from '../../api/compare.ts'
import { problemOf } from '../../api/problems.ts'
import { later } from '../../event-store/event-store.ts'
import { type ComparisonFailure, compareRuns } from '../../ledger/compare.ts'
import { documented } from '../open-api/documented.ts'
import { ReadHeaders } from '../request/headers.ts'
import { note } from '../request/request-log.ts'
import { notReached } from '../response/positions.ts'
import { MADE_AT } from '../response/reads.ts'
import { JSON_TYPE, NO_CACHE, POSITION, produces, refuse, typed } from '../response/replies.ts'
import type { App, ServerParts } from '../server-parts.ts'

export const compareRoute = (app: App, parts: ServerParts): void => {
  const { store } = parts
  app.get(
    '/compare',
    {
      schema: { ...DOCUMENTED, querystring: CompareQuery, headers: ReadHeaders },
      onRequest: produces(JSON_TYPE),
    },
    async (request, reply) => {
      const head = await store.headPosition()()
      if (head._tag === 'Left') {
        note(request, { cause: head.left.detail })
        return refuse(reply, problemOf({ _tag: 'LogUnavailable' }))
      }
      // Whatever stands in the log by now is read; only a later position has to be waited for.
      const wanted = request.headers['run-ledger-position'] ?? head.right
      const late = wanted <= head.right ? null : await notReached(parts, wanted)
      if (late !== null) return refuse(reply, late)
      reply.header(POSITION, later(wanted, head.right))
      const compared = await compareRuns(store)(request.query.a, request.query.b)()
      if (compared._tag === 'Left') return refuse(reply, problemIn(request, compared.left))
      const { a, b, patch, path } = compared.right
      typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
      return JSON.stringify({
        a: { revision: a.revision, run: a.run },
        b: { revision: b.revision, run: b.run },
        patch,
        path,
      })
    },
  )
}

/** It names the one of the two that could not be read. */
const problemIn = (request: FastifyRequest, { run_id, failure }: ComparisonFailure) => {
  if (failure._tag === 'LogUnavailable') note(request, { cause: failure.detail })
  return { ...problemOf(failure), run_id }
}

const DOCUMENTED = documented({
  operationId: 'compareRuns',
  summary: 'Two runs, or two moments of one: a JSON Patch from one to the other, and their events beside each other',
  description:
    'Both are folded from the log. The patch is RFC 6902. The events of both are aligned by type and by the status that they led to, with the time that each step took. A problem names the run that could not be read in `run_id`.',
  tag: 'reads',
  answers: { 200: { description: 'Both Runs, the patch and the paths', schema: CompareAnswer, headers: MADE_AT } },
  problems: [
    'run-not-found',
    'run-not-yet-created',
    'not-found',
    'run-deleted',
    'run-unreadable',
    'position-not-reached',
  ],
})
