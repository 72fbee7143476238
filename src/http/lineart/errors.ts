/** Refusals in the shape that Lineart's SDK reads: `{"detail"}`, as its server answers them. */
import type { FastifyReply } from 'fastify'
import { identity, pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Fault, kindOf, type Problem } from '../../api/problems.ts'
import { note } from '../request/request-log.ts'
import { JSON_TYPE, typed } from '../response/content-negotiation.ts'
import type { Refusal } from '../response/problem-response.ts'
import { NO_CACHE } from '../response/response-headers.ts'

/** One fault of a request, as its server names it. */
type Detail = Readonly<{ loc: readonly (string | number)[]; msg: string; type: string }>

/** Sets status and headers for `problem`, and returns the body. What cannot be parsed is 422, too. */
export const refuseLineart = (reply: FastifyReply, problem: Problem): string => {
  const { retryAfter } = kindOf(problem)
  note(reply.request, { problem: problem.type })
  const details = detailsOf(problem)
  typed(reply, JSON_TYPE)
    .code(details === null ? problem.status : 422)
    .header('cache-control', NO_CACHE)
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  return JSON.stringify({ detail: details ?? problem.detail })
}

/** Null where no part of the request is at fault. */
const detailsOf = ({ type, status, errors, detail }: Problem): readonly Detail[] | null => {
  if (status !== 400 && status !== 422) return null
  if (type.endsWith('/malformed-json'))
    return [{ loc: ['body', 0], msg: `JSON decode error: ${detail}`, type: 'json_invalid' }]
  return errors === undefined || errors.length === 0
    ? null
    : errors.map((fault) => ({ loc: locOf(fault), msg: fault.detail, type: 'value_error' }))
}

const locOf = (fault: Fault): Detail['loc'] => {
  if ('parameter' in fault) return ['query', fault.parameter]
  if ('header' in fault) return ['header', fault.header]
  const tokens = fault.pointer.split('/').slice(1)
  return ['body', ...tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))]
}

/** Runs the steps of a route; returns the body to send. */
export const respondLineart = <Body>(
  reply: FastifyReply,
  steps: TE.TaskEither<Refusal, Body>,
): Promise<Body | string> =>
  pipe(
    steps,
    TE.match<Refusal, Body | string, Body>(({ problem, cause }) => {
      if (cause !== undefined) note(reply.request, { cause })
      return refuseLineart(reply, problem)
    }, identity),
  )()

/** A JSON answer with status 200. */
export const lineartJson = (reply: FastifyReply, value: unknown): string => {
  typed(reply, JSON_TYPE).header('cache-control', NO_CACHE)
  return JSON.stringify(value)
}
