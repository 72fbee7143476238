/** An answer that is written bit by bit, no faster than the client reads it. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { ByteBudget } from '../request/byte-budget.ts'
import { NO_CACHE } from './replies.ts'

export type LineWriter = Readonly<{
  /** Resolves when the client can take more, or is gone. The first write sends status and headers. */
  write: (text: string) => Promise<void>
  hasBegun: () => boolean
  /** The client is gone. */
  isGone: () => boolean
  /** Ends the answer cleanly; `after` that, the connection is closed where asked. */
  end: (after: 'keep' | 'close') => void
  /** Breaks it off, so that it cannot be taken for a whole one. */
  cut: () => void
}>

/** What waits for the client to take it is counted among the bytes under way. */
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
