/** Refusals as answers: problem details with their headers. */
import type { FastifyReply } from 'fastify'
import { identity, pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { kindOf, type Problem } from '../../api/problems.ts'
import { note } from '../request/request-log.ts'
import { PROBLEM_TYPE, typed } from './content-negotiation.ts'
import { seenFrom } from './public-path.ts'
import { NO_CACHE } from './response-headers.ts'

/** Why a route refuses a request. `cause` goes to the server's log only. */
export type Refusal = Readonly<{ problem: Problem; cause?: string }>

/** Sets status and headers for `problem`; returns the body to send. */
export const refuse = (reply: FastifyReply, problem: Problem): string => {
  const { retryAfter } = kindOf(problem)
  note(reply.request, { problem: problem.type })
  typed(reply, PROBLEM_TYPE).code(problem.status).header('cache-control', NO_CACHE)
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  return JSON.stringify(seenFrom(reply, problem))
}

/** Like `refuse`, and logs the cause. */
export const refuseFor =
  (reply: FastifyReply) =>
  ({ problem, cause }: Refusal): string => {
    if (cause !== undefined) note(reply.request, { cause })
    return refuse(reply, problem)
  }

/** Runs the steps of a route; returns the body to send: their result, or the problem that they ended with. */
export const respond = <Body>(reply: FastifyReply, steps: TE.TaskEither<Refusal, Body>): Promise<Body | string> =>
  pipe(steps, TE.match<Refusal, Body | string, Body>(refuseFor(reply), identity))()
