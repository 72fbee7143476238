/** `GET /runs/{run_id}/events/{revision}/proof`: the proof that an event is in the log. */
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { z } from 'zod'
import { ProofAnswer } from '../../../api/log.ts'
import { problem, problemOf } from '../../../api/problems.ts'
import { wholeNumber } from '../../../api/query-parts.ts'
import { type EventProof, type ProofFailure, proveEvent } from '../../../trust/log/prove-event.ts'
import { documented } from '../../open-api/documented.ts'
import { NoQuery } from '../../request/headers.ts'
import { note } from '../../request/request-log.ts'
import { JSON_TYPE, preferredOf, typed } from '../../response/content-negotiation.ts'
import { type Refusal, refuse, respond } from '../../response/problem-response.ts'
import { logRefusal, NO_SUCH_RUN } from '../../response/read-problems.ts'
import { NO_CACHE } from '../../response/response-headers.ts'
import type { App, ServerParts } from '../../server-parts.ts'
import { RunPath } from '../command-routes.ts'
import { TEXT_TYPE, treeOf } from './log-routes.ts'

export const proofRoute = (app: App, parts: ServerParts): void => {
  app.get(
    '/runs/:run_id/events/:revision/proof',
    { schema: { ...DOCUMENTED, params: EventPath, querystring: NoQuery } },
    (request, reply) => {
      const { run_id, revision } = request.params
      note(request, { run_id })
      reply.header('vary', 'Accept')
      const form = preferredOf(request.headers.accept, TYPES)
      if (form === null) return refuse(reply, NOT_ACCEPTABLE)
      return respond(
        reply,
        pipe(
          treeOf(parts),
          TE.flatMap(({ tree }) =>
            pipe(proveEvent({ tree, store: parts.store })(run_id, revision), TE.mapLeft(proofRefusal(run_id))),
          ),
          TE.map((proof) => {
            typed(reply, TYPES[form]).header('cache-control', NO_CACHE)
            return form === 'text' ? proof.text : JSON.stringify(answerOf(proof))
          }),
        ),
      )
    },
  )
}

const EventPath = RunPath.extend({ revision: wholeNumber(0, 9_999) })

const TYPES = { text: TEXT_TYPE, json: JSON_TYPE } as const

const answerOf = ({ index, checkpoint, text }: EventProof): ProofAnswer => ({
  index,
  checkpoint_size: checkpoint.size,
  signed_at: checkpoint.signed_at,
  proof: text,
})

const NOT_ACCEPTABLE = problem('not-acceptable', `this route returns ${Object.values(TYPES).join(', ')}`)

/** The refusal of a proof. */
export const proofRefusal =
  (run_id: string) =>
  (failure: ProofFailure): Refusal => {
    switch (failure._tag) {
      case 'NoSuchEvent':
        return { problem: NO_SUCH_RUN }
      case 'NotSignedYet':
        return {
          problem: problem(
            'not-signed-yet',
            `the newest signed checkpoint covers ${failure.signed} events, not this one`,
          ),
        }
      case 'NotOfTree':
        return {
          problem: problem('internal', 'the log and its tree differ: `run-ledger verify` says where'),
          cause: `leaf ${failure.index} of the tree is not the event that the log holds there`,
        }
      case 'StreamDeleted':
        return { problem: problemOf({ _tag: 'RunDeleted', run_id }) }
      case 'StoreUnavailable':
        return logRefusal(failure)
      default:
        return failure satisfies never
    }
  }

const DOCUMENTED = documented({
  operationId: 'getProof',
  permission: 'auditor',
  summary: 'The proof that an event of a run is in the log',
  description:
    'The path from the leaf of the event to the root of the newest signed checkpoint, with both (C2SP tlog-proof). `run-ledger trust verify` checks it offline.',
  tag: 'log',
  answers: {
    200: { description: 'The proof', type: TEXT_TYPE, schema: z.string(), others: { [JSON_TYPE]: ProofAnswer } },
  },
  problems: ['not-found', 'run-not-found', 'not-signed-yet', 'run-deleted'],
})
