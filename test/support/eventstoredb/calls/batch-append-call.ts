/** `BatchAppend`: any number of writes over one call, each with a correlation id (Streams.BatchAppend.cs). */
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { ServerDuplexStream } from '@grpc/grpc-js'
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js'
import { type Node, refusal } from '../node.ts'
import { ANY, NO_STREAM, type ProposedEvent, STREAM_EXISTS } from '../records.ts'
import { identifierOf, nameOf, uuidText } from '../wire.ts'
import { type WriteAnswer, writeThrough } from '../writes.ts'
import { proposedEvent, sizeOf } from './append-call.ts'
import {
  accessDeniedStatus,
  badRequestStatus,
  failedStatus,
  type RpcStatus,
  streamDeletedStatus,
  timeoutStatus,
  tooLargeStatus,
  wrongVersionStatus,
} from './batch-statuses.ts'
import { unauthenticated } from './rpc-errors.ts'

/** ClusterVNodeOptions.cs, WriteTimeoutMs: longer than this no write waits for the rest of its proposals. */
const WRITE_TIMEOUT_MS = 2_000

type Proposal = {
  readonly stream: string
  readonly expected: number
  readonly correlationId: UUID | undefined
  readonly events: ProposedEvent[]
  size: number
  timer?: NodeJS.Timeout
}

export const batchAppendCall =
  (node: Node) =>
  (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void => {
    const proposals = new Map<string, Proposal>()
    let unanswered = 0
    let closing = false
    if (!node.access.isAuthentic(call.metadata)) {
      call.emit('error', unauthenticated())
      return
    }
    const send = (proposal: Pick<Proposal, 'correlationId' | 'stream'>, answer: BatchAppendResp) => {
      if (call.cancelled) return
      call.write(answer.setCorrelationId(proposal.correlationId).setStreamIdentifier(identifierOf(proposal.stream)))
    }
    const refuse = (proposal: Pick<Proposal, 'correlationId' | 'stream'>, status: RpcStatus) =>
      send(proposal, new streamsPb.BatchAppendResp().setError(status))
    const close = (id: string) => {
      clearTimeout(proposals.get(id)?.timer)
      proposals.delete(id)
    }
    const open = (id: string, request: BatchAppendReq, options: BatchAppendReq.Options): Proposal | null => {
      const stream = nameOf(options.getStreamIdentifier())
      const proposal: Proposal = {
        stream,
        expected: expectedOf(options),
        correlationId: request.getCorrelationId(),
        events: [],
        size: 0,
      }
      const timeout = Math.min(timeoutOf(options), WRITE_TIMEOUT_MS)
      const error = !node.access.allows(call.metadata, 'write', stream)
        ? accessDeniedStatus()
        : timeout <= 0
          ? timeoutStatus()
          : null
      if (error !== null) {
        refuse(proposal, error)
        return null
      }
      if (!request.getIsFinal()) {
        proposal.timer = setTimeout(() => {
          close(id)
          refuse(proposal, timeoutStatus())
        }, timeout).unref()
      }
      proposals.set(id, proposal)
      return proposal
    }
    const write = (proposal: Proposal) => {
      const refused = refusal(node, call.metadata, 'write')
      // ConvertMessage throws for a node that is no leader, and that ends the whole call with the leader's address.
      if (refused?.metadata.get('exception')[0] === 'not-leader') return void call.emit('error', refused)
      if (refused !== null) return refuse(proposal, failedStatus(refused))
      unanswered++
      writeThrough(
        node,
        node.faults.take('append'),
        call,
        () => node.log.append(proposal.stream, proposal.expected, proposal.events),
        (outcome) => {
          unanswered--
          send(proposal, answerOf(outcome, proposal))
          if (closing && unanswered === 0) call.end()
        },
      )
    }
    call.on('data', (request: BatchAppendReq) => {
      const id = uuidText(request.getCorrelationId())
      const options = request.getOptions()
      const proposal = options === undefined ? proposals.get(id) : open(id, request, options)
      // Parts of a proposal that was refused come on, and nobody answers them.
      if (proposal === undefined || proposal === null) return
      for (const message of request.getProposedMessagesList()) {
        const event = proposedEvent(message)
        if ('_tag' in event) {
          close(id)
          return refuse(
            proposal,
            badRequestStatus(`The given key '${event.property}' was not present in the dictionary.`),
          )
        }
        proposal.size += sizeOf(event)
        proposal.events.push(event)
      }
      if (proposal.size > node.maxAppendSize) {
        close(id)
        return refuse(proposal, tooLargeStatus(node.maxAppendSize))
      }
      if (!request.getIsFinal()) return
      close(id)
      write(proposal)
    })
    call.on('end', () => {
      closing = true
      if (unanswered === 0) call.end()
    })
    const forget = () => {
      for (const id of [...proposals.keys()]) close(id)
    }
    call.on('cancelled', forget)
    call.on('error', forget)
  }

const expectedOf = (options: BatchAppendReq.Options): number => {
  if (options.hasNoStream()) return NO_STREAM
  if (options.hasStreamExists()) return STREAM_EXISTS
  return options.hasStreamPosition() ? Number(options.getStreamPosition()) : ANY
}

/** How many milliseconds the client gives; it sends a time of day, which only an equal clock understands. */
const timeoutOf = (options: BatchAppendReq.Options): number => {
  const deadline = options.getDeadline()
  return deadline === undefined ? Number.POSITIVE_INFINITY : deadline.toDate().getTime() - Date.now()
}

const answerOf = (outcome: WriteAnswer, { stream, expected }: Proposal): BatchAppendResp => {
  const answer = new streamsPb.BatchAppendResp()
  switch (outcome._tag) {
    case 'Failed':
      return answer.setError(failedStatus(outcome.error))
    case 'StreamDeleted':
      return answer.setError(streamDeletedStatus(stream))
    case 'WrongExpectedVersion':
      return answer.setError(wrongVersionStatus(outcome.current, expected))
    case 'Written':
    case 'Idempotent': {
      const success = new streamsPb.BatchAppendResp.Success().setCurrentRevision(String(outcome.revision))
      if (outcome.position === null) return answer.setSuccess(success.setNoPosition(new emptyPb.Empty()))
      const position = String(outcome.position)
      return answer.setSuccess(
        success.setPosition(new sharedPb.AllStreamPosition().setCommitPosition(position).setPreparePosition(position)),
      )
    }
  }
}
