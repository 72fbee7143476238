/** Answers that are made while they are sent, no faster than the client reads them. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { principalOf } from '../request/authorization.ts'
import type { ServerParts } from '../server-parts.ts'
import { lineWriter, needsChunks } from './line-writer.ts'
import { refuse } from './problem-response.ts'

/**
 * Sends `texts` as one answer of the media type `type`. A failure before the first text is returned as a problem. A later one
 * closes the connection, so that the client sees that the answer is not whole. Stops reading `texts` once the client is gone,
 * and cuts the answer once its credentials no longer hold.
 */
export const streamAnswer = async (
  { logger, bodies, access }: Pick<ServerParts, 'logger' | 'bodies' | 'access'>,
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  texts: AsyncIterable<string>,
): Promise<string | undefined> => {
  const tooOld = needsChunks(request)
  if (tooOld !== null) return refuse(reply, tooOld)
  const writer = lineWriter(bodies.budget, reply, type)
  const unwatch = access?.watch(principalOf(request), writer.cut)
  try {
    for await (const text of texts) {
      if (request.method === 'HEAD') {
        writer.end('keep')
        return undefined
      }
      if (text !== '') await writer.write(text)
      if (writer.isGone()) return undefined
    }
    writer.end('keep')
  } catch (error) {
    if (!writer.hasBegun()) throw error
    logger.error({ err: error, request_id: request.id }, 'an answer broke off')
    writer.cut()
  } finally {
    unwatch?.()
  }
  return undefined
}
