/** `Append`: one write a call (Streams.Append.cs). */
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { ServerReadableStream, sendUnaryData } from '@grpc/grpc-js'
import { type Node, refusal } from '../node.ts'
import { ANY, NO_STREAM, type ProposedEvent, STREAM_EXISTS } from '../records.ts'
import { nameOf, uuidText } from '../wire.ts'
import { type WriteAnswer, writeThrough } from '../writes.ts'
import {
  accessDenied,
  invalidArgument,
  maximumAppendSizeExceeded,
  type RpcError,
  requiredMetadataMissing,
  streamDeleted,
  unauthenticated,
} from './rpc-errors.ts'

export const appendCall =
  (node: Node) =>
  (call: ServerReadableStream<AppendReq, AppendResp>, reply: sendUnaryData<AppendResp>): void => {
    const events: ProposedEvent[] = []
    let options: AppendReq.Options | undefined
    let size = 0
    let refused: RpcError | null = null
    const take = (request: AppendReq) => {
      if (request.hasOptions()) {
        options = request.getOptions()
        return mayAppend(node, call, nameOf(options?.getStreamIdentifier()))
      }
      const message = request.getProposedMessage()
      const event = message && proposedEvent(message)
      if (event === undefined) return invalidArgument('a proposed message was expected')
      if ('_tag' in event) return requiredMetadataMissing(event.property)
      size += sizeOf(event)
      events.push(event)
      return size > node.maxAppendSize ? maximumAppendSizeExceeded(node.maxAppendSize) : null
    }
    const refuse = (error: RpcError) => {
      refused = error
      reply(error)
    }
    call.on('data', (request: AppendReq) => {
      if (refused !== null) return
      const error = take(request)
      if (error !== null) refuse(error)
    })
    call.on('end', () => {
      if (refused !== null) return
      if (options === undefined) return refuse(invalidArgument('options were expected'))
      const error = refusal(node, call.metadata, 'write')
      if (error !== null) return refuse(error)
      const stream = nameOf(options.getStreamIdentifier())
      const expected = expectedOf(options)
      writeThrough(
        node,
        node.faults.take('append'),
        call,
        () => node.log.append(stream, expected, events),
        (outcome) => reply(...answerOf(outcome, stream, expected)),
      )
    })
    // A call that the client gave up has nobody to answer.
    call.on('error', () => {})
  }

/** A proposed message as an event, or the name of what its metadata lacks. */
export const proposedEvent = (
  message: AppendReq.ProposedMessage,
): ProposedEvent | Readonly<{ _tag: 'Missing'; property: string }> => {
  const metadata = message.getMetadataMap()
  const type = metadata.get('type')
  const contentType = metadata.get('content-type')
  if (type === undefined) return { _tag: 'Missing', property: 'type' }
  if (contentType === undefined) return { _tag: 'Missing', property: 'content-type' }
  return {
    id: uuidText(message.getId()),
    type,
    isJson: contentType === 'application/json',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  }
}

/** Event.cs, SizeOnDisk: `data?.Length ?? 0 + …` counts the data alone, whatever metadata and type take. */
export const sizeOf = (event: ProposedEvent): number => event.data.length

/** Whether the caller may append to the stream. */
export const mayAppend = (
  node: Node,
  call: Pick<ServerReadableStream<unknown, unknown>, 'metadata'>,
  stream: string,
): RpcError | null => {
  if (!node.access.isAuthentic(call.metadata)) return unauthenticated()
  return node.access.allows(call.metadata, 'write', stream) ? null : accessDenied()
}

const expectedOf = (options: AppendReq.Options): number => {
  if (options.hasNoStream()) return NO_STREAM
  if (options.hasStreamExists()) return STREAM_EXISTS
  return options.hasRevision() ? Number(options.getRevision()) : ANY
}

type Reply = Parameters<sendUnaryData<AppendResp>>

const answerOf = (outcome: WriteAnswer, stream: string, expected: number): Reply => {
  switch (outcome._tag) {
    case 'Failed':
      return [outcome.error]
    case 'StreamDeleted':
      return [streamDeleted(stream)]
    case 'WrongExpectedVersion':
      return [null, new streamsPb.AppendResp().setWrongExpectedVersion(wrongVersion(outcome.current, expected))]
    case 'Written':
    case 'Idempotent': {
      const success = new streamsPb.AppendResp.Success().setCurrentRevision(String(outcome.revision))
      if (outcome.position === null) success.setNoPosition(new sharedPb.Empty())
      else {
        const position = String(outcome.position)
        success.setPosition(
          new streamsPb.AppendResp.Position().setCommitPosition(position).setPreparePosition(position),
        )
      }
      return [null, new streamsPb.AppendResp().setSuccess(success)]
    }
  }
}

const wrongVersion = (current: number, expected: number): AppendResp.WrongExpectedVersion => {
  const wrong = new streamsPb.AppendResp.WrongExpectedVersion()
  if (current < 0) wrong.setCurrentNoStream(new sharedPb.Empty())
  else wrong.setCurrentRevision(String(current))
  if (expected === ANY) wrong.setExpectedAny(new sharedPb.Empty())
  else if (expected === STREAM_EXISTS) wrong.setExpectedStreamExists(new sharedPb.Empty())
  else if (expected === NO_STREAM) wrong.setExpectedNoStream(new sharedPb.Empty())
  else wrong.setExpectedRevision(String(expected))
  return wrong
}
