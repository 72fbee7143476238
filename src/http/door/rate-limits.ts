/** How often a principal may ask, and how often an address may come with credentials that are not valid. */
import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem } from '../../api/problems.ts'
import { principalOf } from '../request/authorization.ts'
import { problemError } from '../response/problem-error.ts'
import type { App } from '../server-parts.ts'
import type { RateLimits } from './door.ts'
import { RateStore } from './rate-store.ts'

/** To be called before any route is added: each gets the limit. Routes without credentials have none. */
export const limitRates = async (app: App, requestsPerSecond: number | null): Promise<RateLimits> => {
  const max = requestsPerSecond ?? 0
  await app.register(rateLimit, {
    global: requestsPerSecond !== null,
    max,
    timeWindow: 1_000,
    keyGenerator: callerOf,
    allowList: ({ routeOptions }) => routeOptions.schema?.['x-permission'] === 'open',
    enableDraftSpec: true,
    store: RateStore,
    errorResponseBuilder: () => problemError(TOO_MANY_REQUESTS),
  })
  const countLine = app.createRateLimit()
  const countFailure = app.createRateLimit({
    max: MOST_FAILURES,
    timeWindow: FAILURE_WINDOW_MS,
    keyGenerator: addressOf,
    allowList: ({ ip }) => LOOPBACK.test(ip),
  })

  const setHeaders = (reply: FastifyReply, limit: number, seconds: number): void => {
    reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': 0, 'ratelimit-reset': seconds })
    reply.header('retry-after', seconds)
  }

  return {
    admitLines: async (request, reply, lines) => {
      if (requestsPerSecond === null) return lines
      for (let admitted = 0; admitted < lines; admitted += 1) {
        const count = await countLine(request)
        if (count.isAllowed || !count.isExceeded) continue
        if (!reply.raw.headersSent) setHeaders(reply, max, count.ttlInSeconds)
        return admitted
      }
      return lines
    },
    failedCredentials: {
      refusalOf: async (request, reply) => {
        const count = await countFailure(request, { increment: false })
        if (count.isAllowed || count.remaining > 0) return null
        setHeaders(reply, MOST_FAILURES, count.ttlInSeconds)
        return TOO_MANY_FAILURES
      },
      note: async (request) => {
        await countFailure(request)
      },
    },
  }
}

const MOST_FAILURES = 20
const FAILURE_WINDOW_MS = 60_000

const LOOPBACK = /^(::ffff:)?127\.|^::1$/

const addressOf = ({ ip }: FastifyRequest): string => normalizeIP(ip, 64)

/** The principal, or the address of a request without one. */
const callerOf = (request: FastifyRequest): string => principalOf(request)?.name ?? addressOf(request)

/** Also the last line of a batch whose other lines have to wait. */
export const TOO_MANY_REQUESTS = problem(
  'too-many-requests',
  'the most requests that this caller may send in a second were sent: Retry-After says when to go on',
)

const TOO_MANY_FAILURES = problem(
  'too-many-requests',
  'too many credentials from this address were not valid: Retry-After says when to try again',
)
