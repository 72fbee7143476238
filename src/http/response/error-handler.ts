/** Problems for what fastify refuses itself and for unexpected errors. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { type Problem, problem } from '../../api/problems.ts'
import { isProblemError } from './problem-error.ts'
import { refuse } from './problem-response.ts'

/** Sends the problem of an error. An unexpected error is logged with its stack; the caller gets no detail of it. */
export const handleError =
  (logger: Logger) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    // Fastify would close the connection after a refused body, and a client that is still sending would lose the answer.
    // Here the rest of a body is always read.
    reply.removeHeader('connection')
    reply.send(refuse(reply, problemOfError(logger, error, request)))
  }

/** The problem of an error; an unexpected one is logged. */
export const problemOfError = (logger: Logger, error: unknown, request: FastifyRequest): Problem => {
  const refused = isProblemError(error) ? error.problem : problemOfFramework(error as FastifyError)
  if (refused === null) logger.error({ err: error, request_id: request.id }, 'unexpected')
  return refused ?? unexpected(request)
}

const unexpected = (request: FastifyRequest): Problem =>
  problem('internal', 'the log of the server has the cause under this request_id', { request_id: request.id })

const problemOfFramework = ({ code, statusCode = 500 }: FastifyError): Problem | null => {
  switch (code) {
    case 'FST_ERR_BAD_URL':
      return problem('malformed-request', 'a percent-encoding in the path is not valid UTF-8')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem('unsupported-media-type', 'the Content-Type is missing, or not one that this route accepts')
    default:
      // The server of the reference page's files refuses paths that lead out of its directory, with 403.
      return statusCode >= 400 && statusCode < 500 ? problem('not-found', 'there is no such file') : null
  }
}
