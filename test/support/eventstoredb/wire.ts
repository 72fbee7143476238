/** Messages of the protocol to and from what the stand-in keeps, with the classes that the client's package ships. */

import type { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { LogRecord } from './records.ts'
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

/** Enumerators.cs, ConvertToReadEvent and ConvertToRecordedEvent. */
export const eventResponse = (record: LogRecord, uuids: ReadReq.Options.UUIDOption | undefined): ReadResp => {
  const position = String(record.position)
  const recorded = new streamsPb.ReadResp.ReadEvent.RecordedEvent()
    .setId(uuidMessage(record.event.id, uuids))
    .setStreamIdentifier(identifierOf(record.stream))
    .setStreamRevision(revisionText(record.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setData(record.event.data)
    .setCustomMetadata(record.event.metadata)
  recorded
    .getMetadataMap()
    .set('type', record.event.type)
    .set('created', ticks(record.created))
    .set('content-type', record.event.isJson ? 'application/json' : 'application/octet-stream')
  return new streamsPb.ReadResp().setEvent(
    new streamsPb.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position),
  )
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

/** A record from the bytes of its `eventResponse`. */
export const recordOf = (bytes: Uint8Array): LogRecord => {
  const recorded = streamsPb.ReadResp.deserializeBinary(bytes).getEvent()?.getEvent()
  if (recorded === undefined) throw new Error('no event in these bytes')
  const metadata = recorded.getMetadataMap()
  return {
    position: Number(recorded.getCommitPosition()),
    stream: nameOf(recorded.getStreamIdentifier()),
    revision: Number(recorded.getStreamRevision()),
    event: {
      id: uuidText(recorded.getId()),
      type: metadata.get('type') ?? '',
      isJson: metadata.get('content-type') === 'application/json',
      data: recorded.getData_asU8(),
      metadata: recorded.getCustomMetadata_asU8(),
    },
    created: Number(metadata.get('created')) / 10_000,
  }
}

/** .NET ticks since 1970, of 100 ns. */
const ticks = (ms: number): string => `${Math.floor(ms * 1000)}0`
