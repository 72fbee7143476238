/** An answer that is written in parts, no faster than the client reads it. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Problem, problem } from '../../api/problems.ts'
import type { ByteBudget } from '../request/byte-budget.ts'
import { NO_CACHE } from './response-headers.ts'

export type LineWriter = Readonly<{
  /** Resolves when the client can take more, or is gone. The first write sends status and headers. */
  write: (text: string) => Promise<void>
  hasBegun: () => boolean
  /** The client is gone. */
  isGone: () => boolean
  /** Ends the answer. `after`: whether the connection is then closed. */
  end: (after: 'keep' | 'close') => void
  /** Closes the connection before the end of the answer, so that the client sees that it is not whole. */
  cut: () => void
}>

/** Bytes that the client has not read yet count towards `budget`. */
export const lineWriter = (budget: ByteBudget, reply: FastifyReply, type: string): LineWriter => {
  const { raw, request } = reply
  let begun = false
  const begin = (): void => {
    if (begun) return
    begun = true
    reply.hijack()
    raw.writeHead(200, {
      ...(reply.getHeaders() as OutgoingHttpHeaders),
      'content-type': type,
      'cache-control': NO_CACHE,
    })
  }
  return {
    write: async (text) => {
      begin()
      if (raw.write(text) || raw.destroyed) return
      budget.add(request, text.length)
      await drained(raw)
      budget.release(request, text.length)
    },
    hasBegun: () => begun,
    isGone: () => raw.destroyed,
    end: (after) => {
      begin()
      raw.end(() => {
        if (after === 'close') raw.req.socket.destroySoon()
      })
    },
    cut: () => {
      raw.destroy()
    },
  }
}

const drained = (raw: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      raw.off('drain', go).off('close', go)
      resolve()
    }
    raw.on('drain', go).on('close', go)
  })

/**
 * The problem of a request whose answer has no length in advance, null from HTTP/1.1 on. HTTP/1.0 ends such an answer by
 * closing the connection, so that a client could not see that it is not whole.
 */
export const needsChunks = ({ raw }: FastifyRequest): Problem | null =>
  raw.httpVersion === '1.0' ? NEEDS_CHUNKS : null

const NEEDS_CHUNKS = problem(
  'http-version-not-supported',
  'this answer has no length in advance, so it needs HTTP/1.1, also from each proxy in between',
)
