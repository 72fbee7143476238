/** The messages by the generated classes: what `fast` is held to, and what it can be replaced with. */
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import { type NewEvent, type Position, positionText, type StoredEvent } from '../../event-store.ts'
import { failureOf, textOf } from './append-reply.ts'
import type { AppendReply, Messages, ReadAnswer } from './messages.ts'
import { timeOf } from './read-answer.ts'

const appendRequest: Messages['appendRequest'] = (stream, expected, events, correlationId) => {
  const options = new streamsPb.BatchAppendReq.Options()
  options.setStreamIdentifier(new sharedPb.StreamIdentifier().setStreamName(Buffer.from(stream)))
  if (expected === 'no_stream') options.setNoStream(new sharedPb.Empty())
  else options.setStreamPosition(String(expected))
  const request = new streamsPb.BatchAppendReq()
    .setCorrelationId(uuidOf(correlationId))
    .setOptions(options)
    .setProposedMessagesList(events.map(proposedOf))
    .setIsFinal(true)
  return Buffer.from(request.serializeBinary())
}

const proposedOf = ({ event_id, type, data, metadata }: NewEvent) => {
  const message = new streamsPb.BatchAppendReq.ProposedMessage()
    .setId(uuidOf(event_id))
    .setData(Buffer.from(data))
    .setCustomMetadata(Buffer.from(metadata))
  message.getMetadataMap().set('type', type).set('content-type', 'application/json')
  return message
}

const appendReplyOf = (bytes: Buffer): AppendReply => {
  const response = streamsPb.BatchAppendResp.deserializeBinary(bytes)
  const success = response.getSuccess()
  const correlationId = textOf(response.getCorrelationId())
  if (success === undefined) return { correlationId, answer: failureOf(response) }
  const revision = Number(success.getCurrentRevision())
  return { correlationId, answer: { _tag: 'Stored', revision, position: positionOf(success.getPosition()) } }
}

const answerWith =
  (eventFrom: typeof eventOf) =>
  (bytes: Buffer): ReadAnswer => {
    const response = streamsPb.ReadResp.deserializeBinary(bytes)
    const event = response.getEvent()
    const recorded = event?.getLink() ?? event?.getEvent()
    return {
      event: recorded === undefined ? null : eventFrom(recorded),
      checkpoint: positionOf(response.getCheckpoint()),
      streamNotFound: response.hasStreamNotFound(),
    }
  }

const eventOf = (recorded: ReadResp.ReadEvent.RecordedEvent): StoredEvent => ({
  event_id: recorded.getId()?.getString() ?? '',
  type: recorded.getMetadataMap().get('type') ?? '',
  data: textIn(recorded.getData_asU8()),
  metadata: textIn(recorded.getCustomMetadata_asU8()),
  stream: textIn(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array()),
  revision: Math.min(Number(recorded.getStreamRevision()), Number.MAX_SAFE_INTEGER),
  position: positionText(recorded.getCommitPosition()),
  recorded_at: timeOf(recorded.getMetadataMap().get('created') ?? '0'),
})

const eventWithBytesOf = (recorded: ReadResp.ReadEvent.RecordedEvent): StoredEvent => ({
  ...eventOf(recorded),
  bytes: {
    data: new Uint8Array(recorded.getData_asU8()),
    metadata: new Uint8Array(recorded.getCustomMetadata_asU8()),
    revision: BigInt(recorded.getStreamRevision()),
  },
})

const positionOf = (position: Readonly<{ getCommitPosition: () => string }> | undefined): Position | null =>
  position === undefined ? null : positionText(position.getCommitPosition())

const textIn = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

const uuidOf = (text: string) => new sharedPb.UUID().setString(text)

export const plain: Messages = {
  appendRequest,
  appendReplyOf,
  readAnswerOf: answerWith(eventOf),
  readAnswerWithBytesOf: answerWith(eventWithBytesOf),
}
