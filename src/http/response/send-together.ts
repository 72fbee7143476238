/** Sends the answers of one turn of the event loop one right after another. */
import type { FastifyReply } from 'fastify'

/**
 * Sends `text` once all requests that came in this turn have been looked at. A write wakes whoever waits at the other
 * end, which costs more than a short answer takes to make; those who get many in a row are woken once.
 */
export const sendTogether = (reply: FastifyReply, text: string): void => {
  if (waiting.length === 0) setImmediate(sendAll)
  waiting.push({ reply, text })
}

let waiting: { reply: FastifyReply; text: string }[] = []

const sendAll = (): void => {
  const ready = waiting
  waiting = []
  for (const { reply, text } of ready) reply.send(text)
}
