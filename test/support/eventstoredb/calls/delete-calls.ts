/** `Delete` and `Tombstone` (Streams.Delete.cs). */
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { DeleteReq, DeleteResp, TombstoneReq, TombstoneResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js'
import { type Node, refusal } from '../node.ts'
import { ANY, NO_STREAM, STREAM_EXISTS, type WriteOutcome } from '../records.ts'
import { nameOf } from '../wire.ts'
import { type WriteAnswer, writeThrough } from '../writes.ts'
import { accessDenied, type RpcError, streamDeleted, unauthenticated, wrongExpectedVersion } from './rpc-errors.ts'

export const deleteCall = (node: Node) =>
  deleting<DeleteReq, DeleteResp>(node, node.log.softDelete, (position) => {
    const answer = new streamsPb.DeleteResp()
    if (position === null) return answer.setNoPosition(new sharedPb.Empty())
    return answer.setPosition(
      new streamsPb.DeleteResp.Position().setCommitPosition(position).setPreparePosition(position),
    )
  })

export const tombstoneCall = (node: Node) =>
  deleting<TombstoneReq, TombstoneResp>(node, node.log.tombstone, (position) => {
    const answer = new streamsPb.TombstoneResp()
    if (position === null) return answer.setNoPosition(new sharedPb.Empty())
    return answer.setPosition(
      new streamsPb.TombstoneResp.Position().setCommitPosition(position).setPreparePosition(position),
    )
  })

const deleting =
  <Q extends DeleteReq | TombstoneReq, A>(
    node: Node,
    remove: (stream: string, expected: number) => WriteOutcome,
    answerOf: (position: string | null) => A,
  ) =>
  (call: ServerUnaryCall<Q, A>, reply: sendUnaryData<A>): void => {
    const options = call.request.getOptions()
    const stream = nameOf(options?.getStreamIdentifier())
    const expected = expectedOf(options)
    const refused = mayDelete(node, call, stream)
    if (refused !== null) {
      reply(refused)
      return
    }
    writeThrough(
      node,
      node.faults.take('delete'),
      call,
      () => remove(stream, expected),
      (outcome) => {
        const error = errorOf(outcome, stream, expected)
        if (error !== null) reply(error)
        else reply(null, answerOf('position' in outcome && outcome.position !== null ? String(outcome.position) : null))
      },
    )
  }

const mayDelete = (node: Node, call: ServerUnaryCall<unknown, unknown>, stream: string): RpcError | null => {
  if (!node.access.isAuthentic(call.metadata)) return unauthenticated()
  if (!node.access.allows(call.metadata, 'delete', stream)) return accessDenied()
  return refusal(node, call.metadata, 'write')
}

const expectedOf = (options: DeleteReq.Options | TombstoneReq.Options | undefined): number => {
  if (options?.hasNoStream()) return NO_STREAM
  if (options?.hasStreamExists()) return STREAM_EXISTS
  return options?.hasRevision() ? Number(options.getRevision()) : ANY
}

const errorOf = (outcome: WriteAnswer, stream: string, expected: number): RpcError | null => {
  switch (outcome._tag) {
    case 'Failed':
      return outcome.error
    case 'StreamDeleted':
      return streamDeleted(stream)
    case 'WrongExpectedVersion':
      return wrongExpectedVersion('Delete', stream, expected, outcome.current)
    case 'Written':
    case 'Idempotent':
      return null
  }
}
