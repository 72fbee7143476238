/** One bound for the bytes of requests and answers that the server holds in memory, of all connections together. */
import type { FastifyRequest } from 'fastify'

export type ByteBudget = Readonly<{
  /** Counts `bytes` for `request` until it is over. False, and nothing is counted, where all may not hold that much. */
  take: (request: FastifyRequest, bytes: number, share?: 'whole' | 'incomplete') => boolean
  /** Counts them however much is held already: what was done has to be answered. */
  add: (request: FastifyRequest, bytes: number) => void
  /** `bytes` of `request` are no longer held. */
  release: (request: FastifyRequest, bytes: number) => void
  /** Half of what may be held is. */
  isHalfFull: () => boolean
  /** The request is over: nothing of it is held. */
  over: (request: FastifyRequest) => void
}>

/** Requests that hold back their end may fill no more than this part, so that others still get through. */
const INCOMPLETE = 0.75

export const byteBudget = (limit: number): ByteBudget => {
  let all = 0
  const count = (request: Holding, bytes: number): void => {
    request[HELD] = (request[HELD] ?? 0) + bytes
    all += bytes
  }
  return {
    take: (request, bytes, share = 'whole') => {
      if (all + bytes > (share === 'whole' ? limit : limit * INCOMPLETE)) return false
      count(request as Holding, bytes)
      return true
    },
    add: (request, bytes) => count(request as Holding, bytes),
    release: (request, bytes) => count(request as Holding, -bytes),
    isHalfFull: () => all > limit / 2,
    over: (request) => count(request as Holding, -((request as Holding)[HELD] ?? 0)),
  }
}

/** The property for the count. Declared before the first request, so that all requests have one hidden class. */
export const HELD: unique symbol = Symbol('held bytes')

type Holding = { [HELD]?: number }
