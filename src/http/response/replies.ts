/** How answers leave: problems, media types, and the headers that every answer shares. */
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { kindOf, type Problem, problem } from '../../api/problems.ts'
import { note } from '../request/request-log.ts'
import { problemError } from './problem-error.ts'
import { seenFrom } from './public-path.ts'

export const JSON_TYPE = 'application/json'
export const PROBLEM_TYPE = 'application/problem+json'
export const NDJSON_TYPE = 'application/x-ndjson'

export const POSITION = 'run-ledger-position'

/** Nothing is cached by others, and by the caller only with a check. */
export const NO_CACHE = 'private, no-cache'

/** On every answer. A page replaces the policy with one of its own. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "frame-ancestors 'none'",
} as const

/** Says of what type the text is that will be sent, as it is: fastify would add a charset that JSON does not have. */
export const typed = (reply: FastifyReply, type: string): FastifyReply =>
  reply.header('content-type', type).serializer(asItIs)

/** Makes `reply` tell of `refused`; returns the body to send. */
export const refuse = (reply: FastifyReply, refused: Problem): string => {
  const { retryAfter } = kindOf(refused)
  note(reply.request, { problem: refused.type })
  typed(reply, PROBLEM_TYPE).code(refused.status).header('cache-control', NO_CACHE)
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  return JSON.stringify(seenFrom(reply, refused))
}

/** A hook that refuses requests which do not accept `type`, before anything is done. */
export const produces =
  (type: string): onRequestHookHandler =>
  (request, _reply, done) =>
    accepts(request.headers.accept, type)
      ? done()
      : done(problemError(problem('not-acceptable', `this route answers ${type}`)))

/**
 * The problem of a request whose answer has no length in advance: HTTP/1.0 ends it by closing the connection, so that a
 * client could not tell one that broke off from a whole one. Null for later versions.
 */
export const needsChunks = ({ raw }: FastifyRequest): Problem | null =>
  raw.httpVersion === '1.0' ? NEEDS_CHUNKS : null

const NEEDS_CHUNKS = problem(
  'http-version-not-supported',
  'this answer has no length in advance, so it needs HTTP/1.1: a proxy in between has to speak it, too',
)

/** Whether an `Accept` header takes `type`: the most specific range that matches decides (RFC 9110, section 12.5.1). */
export const accepts = (accept: string | undefined, type: string): boolean =>
  accept === undefined || accept === '*/*' || accept === type || accept === '' || weightOf(accept, type) > 0

/**
 * The name of the one of `types` that an `Accept` header likes best, null where it takes none. Of those that it likes
 * equally the one that it names by itself goes first, then the order of `types`.
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

/** The quality that an `Accept` header gives `type`, and a little more where it names it by itself. */
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
