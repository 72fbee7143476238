/** Content negotiation (RFC 9110, section 12): media types, and what an `Accept` header takes. */
import type { FastifyReply, onRequestHookHandler } from 'fastify'
import { problem } from '../../api/problems.ts'
import { problemError } from './problem-error.ts'

export const JSON_TYPE = 'application/json'
export const PROBLEM_TYPE = 'application/problem+json'
export const NDJSON_TYPE = 'application/x-ndjson'

/** Sends the text as it is, as `type`. Fastify would add a charset, which JSON does not have. */
export const typed = (reply: FastifyReply, type: string): FastifyReply =>
  reply.header('content-type', type).serializer(asItIs)

/** A hook that refuses requests which do not accept `type`, before anything is done. */
export const produces =
  (type: string): onRequestHookHandler =>
  (request, _reply, done) =>
    accepts(request.headers.accept, type)
      ? done()
      : done(problemError(problem('not-acceptable', `this route returns ${type}`)))

/** Whether an `Accept` header takes `type`: the most specific range that matches decides (RFC 9110, section 12.5.1). */
export const accepts = (accept: string | undefined, type: string): boolean =>
  accept === undefined || accept === '*/*' || accept === type || accept === '' || weightOf(accept, type) > 0

/**
 * The name of the type in `types` that an `Accept` header prefers; null where it takes none. Between equal qualities, a type
 * that the header names exactly wins over one that it takes by a wildcard; then the order of `types` decides.
 */
export const preferredOf = <Name extends string>(
  accept: string | undefined,
  types: Readonly<Record<Name, string>>,
): Name | null => {
  let best: Name | null = null
  let most = 0
  for (const [name, type] of Object.entries(types) as [Name, string][]) {
    const weight = accept === undefined || accept === '' ? 1 : weightOf(accept, type)
    if (weight <= most) continue
    best = name
    most = weight
  }
  return best
}

/** The quality that an `Accept` header gives `type`, and a little more where it names it exactly. */
const weightOf = (accept: string, type: string): number => {
  const ranges = accept.toLowerCase().split(',').map(rangeOf)
  const [own, ...wider] = [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*'].map((name) =>
    ranges.find((range) => range.name === name),
  )
  // A quality has at most three digits (RFC 9110, section 12.4.2).
  if (own !== undefined) return own.quality > 0 ? own.quality + 0.0001 : 0
  return wider.find((range) => range !== undefined)?.quality ?? 0
}

const asItIs = (text: unknown) => text as string

const rangeOf = (text: string): Readonly<{ name: string; quality: number }> => {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))
  return { name, quality: quality === undefined ? 1 : Number(quality.slice(2)) }
}
