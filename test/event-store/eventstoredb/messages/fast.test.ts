/** What is read and written by hand is what the classes that the client's package ships read and write. */
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import statusPb from '@eventstore/db-client/generated/status_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { positionText } from '../../../../src/event-store/event-store.ts'
import { fast } from '../../../../src/event-store/eventstoredb/messages/fast.ts'
import { plain } from '../../../../src/event-store/eventstoredb/messages/plain.ts'

const utf8Of = (text: string) => new TextEncoder().encode(text)

type Message = Readonly<{ serializeBinary: () => Uint8Array }>

const bytesOf = (message: Message): Buffer => Buffer.from(message.serializeBinary())
const uuid = (id: string) => new sharedPb.UUID().setString(id)
const text = fc.string({ unit: 'grapheme', maxLength: 300 })
const revisionOrPosition = fc.oneof(
  fc.constantFrom('0', '127', '128', '9007199254740991', '9007199254740992', '18446744073709551615'),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
)
const revision = fc.oneof(fc.constantFrom(0, 127, 128, 2 ** 32), fc.maxSafeNat())
const newEvent = fc.record({ event_id: fc.uuid(), type: text, data: text, metadata: text })

test('an append is written as the classes write it, and all of it is there', () => {
  fc.assert(
    fc.property(
      text,
      fc.oneof(fc.constant('no_stream' as const), revision),
      fc.array(newEvent, { maxLength: 5 }),
      fc.uuid(),
      (stream, expected, events, id) => {
        const [byHand, byClasses] = [fast, plain].map(({ appendRequest }) =>
          streamsPb.BatchAppendReq.deserializeBinary(appendRequest(stream, expected, events, id)),
        )
        expect(byHand?.toObject()).toEqual(byClasses?.toObject())
        expect(byHand?.getOptions()?.hasDeadline()).toBe(false)
        expect(byHand?.getIsFinal()).toBe(true)
        expect(byHand?.getProposedMessagesList().map((message) => utf8(message.getData_asU8()))).toEqual(
          events.map(({ data }) => data),
        )
      },
    ),
  )
})

test('a big append fits', () => {
  const data = `"${'é'.repeat(450_000)}"`
  const request = fast.appendRequest('run-a', 7, [{ event_id: 'e', type: 'T', data, metadata: '{}' }], 'c')
  const [message] = streamsPb.BatchAppendReq.deserializeBinary(request).getProposedMessagesList()
  expect(utf8(message?.getData_asU8())).toBe(data)
})

describe('an answer to a read', () => {
  const recorded = fc.record({
    event_id: fc.uuid(),
    type: text,
    data: text,
    metadata: text,
    stream: text,
    revision,
    at: revisionOrPosition,
  })
  type Recorded = typeof recorded extends fc.Arbitrary<infer Value> ? Value : never

  const messageOf = ({ event_id, type, data, metadata, stream, revision, at }: Recorded) => {
    const message = new streamsPb.ReadResp.ReadEvent.RecordedEvent()
      .setId(uuid(event_id))
      .setStreamIdentifier(new sharedPb.StreamIdentifier().setStreamName(Buffer.from(stream)))
      .setStreamRevision(String(revision))
      .setCommitPosition(at)
      .setPreparePosition(at)
      .setData(Buffer.from(data))
      .setCustomMetadata(Buffer.from(metadata))
    message
      .getMetadataMap()
      .set('created', '17000000001234567')
      .set('type', type)
      .set('content-type', 'application/json')
    return message
  }
  const eventOf = ({ at, ...rest }: Recorded) => ({
    ...rest,
    position: positionText(at),
    recorded_at: new Date(1_700_000_000_123).toISOString(),
  })

  test('gives its event, and a link before what it leads to', () => {
    fc.assert(
      fc.property(recorded, fc.option(recorded), (event, link) => {
        const inner = new streamsPb.ReadResp.ReadEvent().setEvent(messageOf(event)).setCommitPosition('3')
        if (link !== null) inner.setLink(messageOf(link))
        const answer = bytesOf(new streamsPb.ReadResp().setEvent(inner))
        const expected = { event: eventOf(link ?? event), checkpoint: null, streamNotFound: false }
        for (const { readAnswerOf } of [fast, plain]) expect(readAnswerOf(answer)).toEqual(expected)
        const { data, metadata, revision } = link ?? event
        const bytes = { data: utf8Of(data), metadata: utf8Of(metadata), revision: BigInt(revision) }
        for (const { readAnswerWithBytesOf } of [fast, plain])
          expect(readAnswerWithBytesOf(answer)).toEqual({ ...expected, event: { ...expected.event, bytes } })
      }),
    )
  })

  test('gives a checkpoint, exact to the last digit, and passes over what is not wanted', () => {
    fc.assert(
      fc.property(revisionOrPosition, (commit) => {
        const checkpoint = new streamsPb.ReadResp.Checkpoint().setCommitPosition(commit).setPreparePosition('1')
        for (const { readAnswerOf } of [fast, plain]) {
          const read = readAnswerOf(bytesOf(new streamsPb.ReadResp().setCheckpoint(checkpoint)))
          expect(read.checkpoint).toBe(positionText(commit))
          const other = readAnswerOf(bytesOf(new streamsPb.ReadResp().setLastStreamPosition(commit)))
          expect(other.checkpoint).toBeNull()
        }
      }),
    )
    const notFound = bytesOf(new streamsPb.ReadResp().setStreamNotFound(new streamsPb.ReadResp.StreamNotFound()))
    for (const { readAnswerOf } of [fast, plain]) expect(readAnswerOf(notFound).streamNotFound).toBe(true)
  })

  test('gives the greatest revision that a number holds for a tombstone', () => {
    const tombstone = messageOf({
      event_id: 'i',
      type: '$streamDeleted',
      data: '',
      metadata: '',
      stream: 's',
      revision: 1,
      at: '3',
    }).setStreamRevision(String(2n ** 63n - 1n))
    const answer = bytesOf(new streamsPb.ReadResp().setEvent(new streamsPb.ReadResp.ReadEvent().setEvent(tombstone)))
    for (const { readAnswerOf } of [fast, plain])
      expect(readAnswerOf(answer).event?.revision).toBe(Number.MAX_SAFE_INTEGER)
    for (const { readAnswerWithBytesOf } of [fast, plain])
      expect(readAnswerWithBytesOf(answer).event?.bytes?.revision).toBe(2n ** 63n - 1n)
  })

  test('that is cut off anywhere, or no message at all, is never taken for an event', () => {
    const whole = new streamsPb.ReadResp().setEvent(
      new streamsPb.ReadResp.ReadEvent().setEvent(
        messageOf({ event_id: 'i', type: 't', data: '{}', metadata: '{}', stream: 's', revision: 1, at: '300' }),
      ),
    )
    const bytes = bytesOf(whole)
    for (let length = 1; length < bytes.length; length += 1)
      expect(() => fast.readAnswerOf(Buffer.from(bytes.subarray(0, length)))).toThrow('Protocol Buffers')
    // Field numbers of other kinds, also of a kind that is no longer in use.
    expect(fast.readAnswerOf(Buffer.from([0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4])).event).toBeNull()
    expect(() => fast.readAnswerOf(Buffer.from([0x7b]))).toThrow('Protocol Buffers')
  })
})

describe('an answer to an append', () => {
  const repliesTo = (response: Message) => [fast, plain].map(({ appendReplyOf }) => appendReplyOf(bytesOf(response)))
  const twice = <A>(value: A) => [value, value]

  test('tells the revision and the position, or that there is none', () => {
    fc.assert(
      fc.property(fc.uuid(), revision, fc.option(revisionOrPosition), (id, at, commit) => {
        const success = new streamsPb.BatchAppendResp.Success().setCurrentRevision(String(at))
        if (commit !== null)
          success.setPosition(new sharedPb.AllStreamPosition().setCommitPosition(commit).setPreparePosition(commit))
        const response = new streamsPb.BatchAppendResp().setCorrelationId(uuid(id)).setSuccess(success)
        const position = commit === null ? null : positionText(commit)
        expect(repliesTo(response)).toEqual(
          twice({ correlationId: id, answer: { _tag: 'Stored', revision: at, position } }),
        )
      }),
    )
  })

  test('may name the append by numbers, and may be a failure', () => {
    const halves = new sharedPb.UUID.Structured()
      .setMostSignificantBits('-8526495040802911000')
      .setLeastSignificantBits('-1')
    const response = new streamsPb.BatchAppendResp()
      .setCorrelationId(new sharedPb.UUID().setStructured(halves))
      .setSuccess(new streamsPb.BatchAppendResp.Success().setCurrentRevision('3'))
    const id = (2n ** 64n - 8526495040802911000n).toString(16).padStart(16, '0')
    expect(repliesTo(response)).toEqual(
      twice({
        correlationId: `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12)}-ffff-ffffffffffff`,
        answer: { _tag: 'Stored', revision: 3, position: null },
      }),
    )
    const failed = new streamsPb.BatchAppendResp()
      .setCorrelationId(uuid('c'))
      .setError(new statusPb.Status().setMessage('no'))
    expect(repliesTo(failed)).toEqual(
      twice({ correlationId: 'c', answer: { _tag: 'Failed', error: { code: 2, details: 'no' } } }),
    )
  })
})

const utf8 = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8')
