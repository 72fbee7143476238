/** Appends over one call, any number at a time, each settled by its own answer, by its time limit, or by the call's end. */
import { randomUUID } from 'node:crypto'
import type { BatchAppendCall, Link } from './connection.ts'
import { grpcErrorOf, timedOut } from './grpc-error.ts'
import type { AppendAnswer } from './messages/messages.ts'

export type AppendCall = Readonly<{
  link: Link
  /** Sends what `requestOf` makes of a correlation id, and answers within `within` ms. */
  send: (requestOf: (correlationId: string) => Buffer, within: number) => Promise<AppendAnswer>
  /** False once the call has ended: nothing more can be sent. */
  usable: () => boolean
  /** Takes no more, and ends once all is answered. */
  retire: () => void
}>

/** `onTimeOut` is called when the server did not answer an append in time. */
export const openAppendCall = (link: Link, onTimeOut: () => void): AppendCall => {
  const pending = new Map<string, (answer: AppendAnswer) => void>()
  const ids = correlationIds()
  let call: BatchAppendCall | null = null
  let waiting: Buffer[] = []
  let ended = false
  let retired = false

  const settle = (id: string, answer: AppendAnswer): void => {
    pending.get(id)?.(answer)
    if (retired && pending.size === 0) call?.cancel()
  }
  const end = (cause: unknown): void => {
    ended = true
    const error = grpcErrorOf(cause)
    for (const answer of [...pending.values()]) answer({ _tag: 'Failed', error })
  }
  link.batchAppend().then((opened) => {
    call = opened
    opened.on('data', (reply) => settle(reply.correlationId, reply.answer))
    opened.on('error', end)
    opened.on('end', () => end(ENDED))
    for (const request of waiting) opened.write(request)
    waiting = []
    if (retired && pending.size === 0) opened.cancel()
  }, end)

  return {
    link,
    send: (requestOf, within) =>
      new Promise((resolve) => {
        const id = ids()
        const timer = setTimeout(() => {
          settle(id, { _tag: 'Failed', error: timedOut(within) })
          onTimeOut()
        }, within)
        pending.set(id, (answer) => {
          clearTimeout(timer)
          pending.delete(id)
          resolve(answer)
        })
        const request = requestOf(id)
        if (call === null) waiting.push(request)
        else call.write(request)
      }),
    usable: () => !ended && !retired,
    retire: () => {
      retired = true
      if (pending.size === 0) call?.cancel()
    },
  }
}

const ENDED = Object.assign(new Error('the server ended the call'), { code: 14, details: 'the server ended the call' })

/** UUIDs that no other call uses: a random beginning, counted on. */
const correlationIds = (): (() => string) => {
  const beginning = randomUUID().slice(0, 24)
  let last = 0
  return () => {
    last += 1
    return beginning + last.toString(16).padStart(12, '0')
  }
}
