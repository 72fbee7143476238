/** Answers that are made while they are sent, no faster than the client takes them. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServerParts } from '../server-parts.ts'
import { lineWriter } from './line-writer.ts'
import { needsChunks, refuse } from './replies.ts'

/**
 * Sends `texts` as one answer of the media type `type`. What fails before the first of them is an answer of its own; what
 * fails later cuts the connection, so that no part can be taken for the whole. Nothing more is asked of `texts` once the
 * client is gone. An empty text lets others have their turn.
 */
export const streamAnswer = async (
  { logger, bodies }: Pick<ServerParts, 'logger' | 'bodies'>,
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  texts: AsyncIterable<string>,
): Promise<string | undefined> => {
  const tooOld = needsChunks(request)
  if (tooOld !== null) return refuse(reply, tooOld)
  const writer = lineWriter(bodies.budget, reply, type)
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
  }
  return undefined
}
