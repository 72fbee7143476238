/** One log line a request, written when it is over; never its body. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'

/** What the line tells besides method, route, status and time. */
type Noted = {
  run_id?: string
  command_id?: string
  correlation_id?: string
  /** The problem that it was answered with. */
  problem?: string
  /** What the caller is not told. */
  cause?: string
}

const NOTED = Symbol('noted')

type Noting = { [NOTED]?: Noted | null }

/** The name under which fastify keeps the notes: known before the first request, it keeps requests of one shape. */
export const NOTES: symbol = NOTED

/** Adds to the request's log line. */
export const note = (request: FastifyRequest, noted: Noted): void => {
  const noting = request as Noting
  noting[NOTED] = noting[NOTED] ? Object.assign(noting[NOTED], noted) : noted
}

/** The `X-Correlation-Id` that the request came with. */
export const correlationIdOf = (request: FastifyRequest): string | undefined =>
  (request as Noting)[NOTED]?.correlation_id

/** Writes the line of a request that took `ms`. `aborted`: the client left before it had its answer. */
export const logRequest = (logger: Logger, request: FastifyRequest, reply: FastifyReply, ms: number): void => {
  const { raw } = reply
  const level = raw.statusCode >= 500 ? 'error' : 'info'
  if (!logger.isLevelEnabled(level)) return
  logger[level](
    {
      method: request.method,
      route: request.routeOptions.url ?? request.url,
      status: raw.statusCode,
      ms: Math.round(ms * 1000) / 1000,
      request_id: request.id,
      ...(request as Noting)[NOTED],
      ...(raw.writableEnded ? undefined : { aborted: true }),
    },
    'request',
  )
}
