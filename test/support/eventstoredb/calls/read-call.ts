/** `Read`: pages of a stream or of `$all`, or a subscription to it (Streams.Read.cs). */
import { setTimeout as delay } from 'node:timers/promises'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { Misdeed } from '../faults.ts'
import { type Node, refusal } from '../node.ts'
import { allBackwards, allForwards, PAGE_SIZE, type StreamPage, streamBackwards, streamForwards } from '../pages.ts'
import { nameOf, streamNotFoundResponse } from '../wire.ts'
import { failures } from '../writes.ts'
import { type Filter, filterOf, visibleInAll } from './filter.ts'
import { fail, type ReadCall, type Sender, sendAll, senderOf, windowOf } from './read-sender.ts'
import {
  accessDenied,
  invalidArgument,
  type RpcError,
  streamDeleted,
  unauthenticated,
  unknownError,
} from './rpc-errors.ts'
import { type AllStart, subscribeToAll, subscribeToStream } from './subscriptions.ts'

export const readCall =
  (node: Node) =>
  (call: ReadCall): void => {
    const options = call.request.getOptions()
    if (options === undefined) {
      fail(call, invalidArgument('options were expected'))
      return
    }
    const stream = options.hasAll() ? '$all' : nameOf(options.getStream()?.getStreamIdentifier())
    const error = mayRead(node, call, stream)
    if (error !== null) {
      fail(call, error)
      return
    }
    const subscribes = options.hasSubscription()
    const misdeed = node.faults.take(subscribes ? 'subscribe' : 'read')
    switch (misdeed?._tag) {
      case 'Hang':
        return
      case 'Fail':
        fail(call, failures[misdeed.failure]())
        return
      case 'Delay':
        void delay(misdeed.ms).then(() => start(node, call, options, stream, undefined))
        return
      default:
        start(node, call, options, stream, misdeed)
    }
  }

const start = (
  node: Node,
  call: ReadCall,
  options: ReadReq.Options,
  stream: string,
  misdeed: Misdeed | undefined,
): void => {
  const sender = senderOf(node, call, options, misdeed)
  const filter = options.hasFilter()
    ? filterOf(options.getFilter() ?? new streamsPb.ReadReq.Options.FilterOptions())
    : visibleInAll
  if (options.hasSubscription()) {
    if (stream === '$all') subscribeToAll(node, call, sender, options, filter, allStart(options))
    else subscribeToStream(node, call, sender, stream, revisionOf(options))
    return
  }
  const reading = stream === '$all' ? readAll(node, sender, options, filter) : readStream(node, sender, options, stream)
  void reading.then((failed) => (failed === null ? call.end() : fail(call, failed)))
}

const mayRead = (node: Node, call: ReadCall, stream: string): RpcError | null => {
  if (!node.access.isAuthentic(call.metadata)) return unauthenticated()
  if (!node.access.allows(call.metadata, 'read', stream)) return accessDenied()
  return refusal(node, call.metadata, 'read')
}

const readStream = async (
  node: Node,
  sender: Sender,
  options: ReadReq.Options,
  stream: string,
): Promise<RpcError | null> => {
  const forwards = options.getReadDirection() === FORWARDS
  let from = revisionOf(options) ?? 0
  // StorageReaderWorker.cs refuses a forward read from the end.
  if (forwards && from < 0) return unknownError('Unexpected ReadStreamResult: Error')
  let left = Number(options.getCount())
  while (left > 0) {
    const count = Math.min(PAGE_SIZE, left)
    const page: StreamPage = (forwards ? streamForwards : streamBackwards)(node.log, stream, from, count)
    if (page._tag === 'StreamDeleted') return streamDeleted(stream)
    if (page._tag === 'NoStream') {
      await sender.message(streamNotFoundResponse(stream))
      return null
    }
    if (!(await sendAll(sender, page.records))) return null
    left -= page.records.length
    if (page.isEnd) return null
    from = page.next
  }
  return null
}

const readAll = async (node: Node, sender: Sender, options: ReadReq.Options, filter: Filter): Promise<null> => {
  const forwards = options.getReadDirection() === FORWARDS
  const window = windowOf(options)
  const first = allStart(options)
  let from = first === 'start' ? 0 : first === 'end' ? node.log.end() : first.commit
  let left = Number(options.getCount())
  while (left > 0) {
    const page = (forwards ? allForwards : allBackwards)(node.log, from, Math.min(PAGE_SIZE, left), window, filter)
    if (!(await sendAll(sender, page.records))) return null
    left -= page.records.length
    if (page.isEnd) return null
    from = page.next
  }
  return null
}

const FORWARDS = 0

/** ReadReq.cs: null is the start, -1 the end. */
const revisionOf = (options: ReadReq.Options): number | null => {
  const stream = options.getStream()
  if (stream?.hasEnd()) return -1
  return stream?.hasRevision() ? Number(stream.getRevision()) : null
}

const allStart = (options: ReadReq.Options): AllStart => {
  const all = options.getAll()
  if (all?.hasEnd()) return 'end'
  const position = all?.getPosition()
  if (position === undefined) return 'start'
  return { commit: Number(position.getCommitPosition()), prepare: Number(position.getPreparePosition()) }
}
