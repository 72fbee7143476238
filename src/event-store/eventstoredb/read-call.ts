/** Reads that end: of a stream, of `$all`, from either side, each within a time limit and tried again where that helps. */

import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { sleep } from '../../lib/abortable.ts'
import { backoff } from '../../lib/backoff.ts'
import type { Connection, ReadCall } from './connection.ts'
import { CODE, exceptionOf, type GrpcError, grpcErrorOf, mayPass, timedOut } from './grpc-error.ts'
import type { Limits } from './limits.ts'
import type { ReadAnswer } from './messages/messages.ts'

/** Shows `visit` every answer to `request` until it says false, and ends the call. Answers may be shown again after a new try. */
export type Read = (request: ReadReq, begin: () => Visit, withBytes?: boolean) => Promise<Either<GrpcError, unknown>>

export type Visit = (answer: ReadAnswer) => boolean

/** The reads of `connection`. Those that fail are tried again for as long as `limits` say, over other connections. */
export const createRead =
  (connection: Connection, limits: Limits): Read =>
  async (request, begin, withBytes = false) => {
    const until = Date.now() + limits.retryWithin
    for (let tries = 0; ; tries += 1) {
      const link = connection.link()
      const answered = await readOnce(link.read(request, withBytes), begin(), limits.readWithin)
      if (answered._tag === 'Right') return answered
      const error = answered.left
      if (isConnectionAtFault(error)) connection.leave(link)
      if (!mayPass(error) || exceptionOf(error) === 'stream-deleted') return answered
      const wait = backoff(limits.backoff, tries)
      if (Date.now() + wait >= until) return answered
      await sleep(wait)
    }
  }

/** Signs that the connection itself is broken, or that the other end does not answer. */
export const isConnectionAtFault = ({ code }: GrpcError): boolean =>
  [CODE.unavailable, CODE.deadlineExceeded, CODE.cancelled, CODE.internal].some((each) => each === code)

const readOnce = (opening: Promise<ReadCall>, visit: Visit, within: number): Promise<Either<GrpcError, unknown>> =>
  new Promise((resolve) => {
    let call: ReadCall | null = null
    let settled = false
    const settle = (answer: Either<GrpcError, unknown>) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      resolve(answer)
    }
    // Leaving a call without cancelling it would keep it open for ever.
    const leave = (answer: Either<GrpcError, unknown>) => {
      settle(answer)
      call?.cancel()
    }
    const timer = setTimeout(() => leave(left(timedOut(within))), within)
    opening.then(
      (opened) => {
        call = opened
        opened.on('error', (error) => settle(left(grpcErrorOf(error))))
        opened.on('end', () => settle(right(undefined)))
        if (settled) return opened.cancel()
        opened.on('data', (answer) => {
          if (!settled && !visit(answer)) leave(right(undefined))
        })
      },
      (error) => settle(left(grpcErrorOf(error))),
    )
  })
