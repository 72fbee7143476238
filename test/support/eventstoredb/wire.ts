/** Messages of the protocol to and from what the stand-in keeps, with the classes that the client's package ships. */
import type { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { LogRecord, ProposedEvent } from './records.ts'
import { DELETED_STREAM } from './stream-metadata.ts'

/** One position, as commit and prepare. */
export type WirePosition = Readonly<{ commit: number; prepare: number }>

export const nameOf = (identifier: StreamIdentifier | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? new Uint8Array()).toString('utf8')

export const identifierOf = (stream: string): StreamIdentifier =>
  new sharedPb.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'))

/** Uuid.cs, FromDto: as text, or as two halves. */
export const uuidText = (uuid: UUID | undefined): string => {
  const halves = uuid?.getStructured()
  if (halves === undefined) return uuid?.getString().toLowerCase() ?? ''
  const digits = [halves.getMostSignificantBits(), halves.getLeastSignificantBits()]
    .map((half) => BigInt.asUintN(64, BigInt(half)).toString(16).padStart(16, '0'))
    .join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

export const uuidMessage = (id: string, option: ReadReq.Options.UUIDOption | undefined): UUID => {
  if (option?.hasString()) return new sharedPb.UUID().setString(id)
  const digits = id.replaceAll('-', '')
  const half = (from: number) => BigInt.asIntN(64, BigInt(`0x${digits.slice(from, from + 16)}`)).toString()
  const halves = new sharedPb.UUID.Structured().setMostSignificantBits(half(0)).setLeastSignificantBits(half(16))
  return new sharedPb.UUID().setStructured(halves)
}

export const revisionText = (revision: number): string =>
  revision === DELETED_STREAM ? String(2n ** 63n - 1n) : String(revision)

/** A record with its read response (Enumerators.cs, ConvertToReadEvent and ConvertToRecordedEvent), ids as text. */
export const recordOf = (
  stream: string,
  revision: number,
  position: number,
  next: number,
  created: number,
  event: ProposedEvent,
): LogRecord => {
  const at = String(position)
  const recorded = new streamsPb.ReadResp.ReadEvent.RecordedEvent()
    .setId(new sharedPb.UUID().setString(event.id))
    .setStreamIdentifier(identifierOf(stream))
    .setStreamRevision(revisionText(revision))
    .setCommitPosition(at)
    .setPreparePosition(at)
    .setData(event.data)
    .setCustomMetadata(event.metadata)
  recorded
    .getMetadataMap()
    .set('type', event.type)
    .set('created', ticks(created))
    .set('content-type', event.isJson ? JSON_CONTENT : 'application/octet-stream')
  const read = new streamsPb.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(at)
  const response = Buffer.from(new streamsPb.ReadResp().setEvent(read).serializeBinary())
  return { position, next, stream, revision, id: event.id, type: event.type, created, response }
}

/** The record whose read response `response` is, and that ends at `next`. */
export const recordFrom = (response: Buffer, next: number): LogRecord => {
  const recorded = recordedIn(response)
  const metadata = recorded.getMetadataMap()
  return {
    position: Number(recorded.getCommitPosition()),
    next,
    stream: nameOf(recorded.getStreamIdentifier()),
    revision: Number(recorded.getStreamRevision()),
    id: uuidText(recorded.getId()),
    type: metadata.get('type') ?? '',
    created: Number(metadata.get('created')) / 10_000,
    response,
  }
}

/** The event of a record, as it was proposed. */
export const eventIn = (record: LogRecord): ProposedEvent => {
  const recorded = recordedIn(record.response)
  return {
    id: record.id,
    type: record.type,
    isJson: recorded.getMetadataMap().get('content-type') === JSON_CONTENT,
    data: recorded.getData_asU8(),
    metadata: recorded.getCustomMetadata_asU8(),
  }
}

/** The read response of a record, its id in the form that the reader asked for. */
export const eventResponse = (record: LogRecord, uuids: ReadReq.Options.UUIDOption | undefined): ReadResp | Buffer => {
  if (uuids?.hasString()) return record.response
  const response = streamsPb.ReadResp.deserializeBinary(record.response)
  response.getEvent()?.getEvent()?.setId(uuidMessage(record.id, uuids))
  return response
}

export const confirmationResponse = (subscriptionId: string): ReadResp =>
  new streamsPb.ReadResp().setConfirmation(
    new streamsPb.ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId),
  )

export const checkpointResponse = ({ commit, prepare }: WirePosition): ReadResp =>
  new streamsPb.ReadResp().setCheckpoint(
    new streamsPb.ReadResp.Checkpoint().setCommitPosition(String(commit)).setPreparePosition(String(prepare)),
  )

export const streamNotFoundResponse = (stream: string): ReadResp =>
  new streamsPb.ReadResp().setStreamNotFound(
    new streamsPb.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)),
  )

export const caughtUpResponse = (): ReadResp => new streamsPb.ReadResp().setCaughtUp(new streamsPb.ReadResp.CaughtUp())

const JSON_CONTENT = 'application/json'

const recordedIn = (response: Uint8Array): ReadResp.ReadEvent.RecordedEvent => {
  const recorded = streamsPb.ReadResp.deserializeBinary(response).getEvent()?.getEvent()
  if (recorded === undefined) throw new Error('no event in these bytes')
  return recorded
}

/** .NET ticks since 1970, of 100 ns. */
const ticks = (ms: number): string => `${Math.floor(ms * 1000)}0`
