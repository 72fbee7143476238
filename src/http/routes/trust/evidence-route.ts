/** `GET /runs/{run_id}/evidence`: an evidence pack of a run. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { problem } from '../../../api/problems.ts'
import { makePack, type PackFailure } from '../../../evidence/make-pack.ts'
import { documented } from '../../open-api/documented.ts'
import { verifyPage } from '../../pages-directory.ts'
import { NoQuery } from '../../request/headers.ts'
import { note } from '../../request/request-log.ts'
import { produces, typed } from '../../response/content-negotiation.ts'
import { type Refusal, respond } from '../../response/problem-response.ts'
import { NO_CACHE } from '../../response/response-headers.ts'
import type { App, ServerParts } from '../../server-parts.ts'
import { RunPath } from '../command-routes.ts'
import { treeOf } from './log-routes.ts'
import { proofRefusal } from './proof-route.ts'

const ZIP_TYPE = 'application/zip'

export const evidenceRoute = (app: App, parts: ServerParts): void => {
  const page = verifyPage()
  app.get(
    '/runs/:run_id/evidence',
    {
      schema: { ...DOCUMENTED, params: RunPath, querystring: NoQuery },
      onRequest: produces(ZIP_TYPE),
      config: { isExport: true },
    },
    (request, reply) => {
      const { run_id } = request.params
      note(request, { run_id })
      return respond<Buffer | string>(
        reply,
        pipe(
          treeOf(parts),
          TE.flatMap(({ tree }) =>
            pipe(makePack({ tree, store: parts.store }, page)(run_id), TE.mapLeft(packRefusal(run_id))),
          ),
          TE.map((pack) => {
            typed(reply, ZIP_TYPE)
              .header('cache-control', NO_CACHE)
              .header('content-disposition', `attachment; filename="${run_id.replaceAll(':', '_')}.evidence.zip"`)
            return Buffer.from(pack)
          }),
        ),
      )
    },
  )
}

const packRefusal =
  (run_id: string) =>
  (failure: PackFailure): Refusal =>
    failure._tag === 'PackTooLarge'
      ? {
          problem: problem(
            'pack-too-large',
            'the events of the run take more than 64 MiB: take their proofs one by one',
            { run_id },
          ),
        }
      : proofRefusal(run_id)(failure)

const DOCUMENTED = documented({
  operationId: 'getEvidence',
  permission: 'auditor',
  summary: 'An evidence pack of a run: its events, what they come to, and the proof of each',
  description:
    'A zip for somebody who does not trust this server: the events as stored, their Entries, the Run after each, a proof for each against one signed checkpoint, and a page that checks all of it offline. It holds what that checkpoint covers.',
  tag: 'log',
  answers: { 200: { description: 'The zip', type: ZIP_TYPE, schema: z.string() } },
  problems: ['not-found', 'run-not-found', 'not-signed-yet', 'run-deleted', 'pack-too-large'],
})
