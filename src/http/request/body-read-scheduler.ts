/** Reads bodies that arrive in tiny parts one at a time, one read in each turn of the event loop, so that other requests are served. */
import type { IncomingMessage } from 'node:http'

/** A body that is being read. */
export type Reading = Readonly<{
  /** To be called for each part. */
  onPart: () => void
  /** To be called when the body has ended, or is no longer read. */
  end: () => void
}>

/** The scheduler of one server. */
export type BodyReadScheduler = Readonly<{ begin: (source: IncomingMessage) => Reading }>

/** One read of a socket is at most 64 KiB; most clients send that as a handful of chunks. */
const MANY_PARTS = 256

type Turn = { readonly source: IncomingMessage; parts: number; isWaiting: boolean; isOver: boolean }

export const bodyReadScheduler = (): BodyReadScheduler => {
  const waiting: Turn[] = []
  let arrived: Turn[] = []
  let isScheduled = false

  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(nextTurn)
  }

  const nextTurn = (): void => {
    isScheduled = false
    for (const turn of arrived) {
      turn.parts = 0
      if (turn.isOver) continue
      turn.source.socket.pause()
      turn.isWaiting = true
      waiting.push(turn)
    }
    arrived = []
    const next = waiting.shift()
    if (next !== undefined) goOn(next)
    if (waiting.length > 0) schedule()
  }

  const goOn = (turn: Turn): void => {
    turn.isWaiting = false
    turn.source.socket.resume()
  }

  return {
    begin: (source) => {
      const turn: Turn = { source, parts: 0, isWaiting: false, isOver: false }
      return {
        onPart: () => {
          turn.parts += 1
          if (turn.parts !== MANY_PARTS) return
          arrived.push(turn)
          schedule()
        },
        end: () => {
          turn.isOver = true
          if (!turn.isWaiting) return
          waiting.splice(waiting.indexOf(turn), 1)
          goOn(turn)
        },
      }
    },
  }
}
