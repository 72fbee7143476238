/** How a read's answers get to its client, as fast as it takes them. */
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { ServerWritableStream } from '@grpc/grpc-js'
import type { Misdeed } from '../faults.ts'
import type { Node } from '../node.ts'
import { PAGE_SIZE } from '../pages.ts'
import type { LogRecord } from '../records.ts'
import { eventResponse } from '../wire.ts'
import type { RpcError } from './rpc-errors.ts'

/** Events go out as the bytes that their records keep. */
export type ReadCall = ServerWritableStream<ReadReq, ReadResp | Buffer>

/** Writes to the call, and waits where the connection takes no more: a slow reader slows the read. */
export type Sender = Readonly<{
  /** False where the call is over. */
  event: (record: LogRecord) => Promise<boolean> | boolean
  message: (response: ReadResp) => Promise<boolean> | boolean
}>

/** Ends a call with an error. */
export const fail = (call: ReadCall, error: RpcError): void => {
  call.emit('error', error)
}

/** How many events a page looks at; without a filter as many as it takes. */
export const windowOf = (options: ReadReq.Options): number => {
  const filter = options.getFilter()
  if (filter === undefined) return Number.POSITIVE_INFINITY
  return filter.hasMax() ? filter.getMax() : PAGE_SIZE
}

/** False where the call ended on the way. */
export const sendAll = async (sender: Sender, records: readonly LogRecord[]): Promise<boolean> => {
  for (const record of records) {
    const sent = sender.event(record)
    if (sent === false || (sent !== true && !(await sent))) return false
  }
  return true
}

export const senderOf = (
  node: Node,
  call: ReadCall,
  options: ReadReq.Options,
  misdeed: Misdeed | undefined,
): Sender => {
  let left = misdeed?._tag === 'Cut' ? (misdeed.events ?? 0) : Number.POSITIVE_INFINITY
  if (left === 0) node.cut(call.getPeer())
  const uuids = options.getUuidOption()
  const message = (response: ReadResp | Buffer): Promise<boolean> | boolean => {
    if (isOver(call)) return false
    return call.write(response) || drained(call)
  }
  return {
    message,
    event: (record) => {
      if (left <= 0) return false
      left--
      const sent = message(eventResponse(record, uuids))
      // What was written leaves before the connection goes.
      if (left === 0) setImmediate(() => node.cut(call.getPeer()))
      return sent
    },
  }
}

/** Cancelled by its client, failed or ended here. */
export const isOver = (call: ReadCall): boolean => call.cancelled || call.destroyed || call.writableEnded

const drained = (call: ReadCall): Promise<boolean> =>
  new Promise((resolve) => {
    const settle = () => {
      for (const event of ['drain', 'cancelled', 'close', 'error']) call.off(event, settle)
      resolve(!isOver(call))
    }
    for (const event of ['drain', 'cancelled', 'close', 'error']) call.on(event, settle)
  })
