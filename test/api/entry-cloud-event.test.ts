import { type CloudEvent, HTTP } from 'cloudevents'
import { expect, test } from 'vitest'
import {
  CLOUD_EVENTS_SOURCE,
  CLOUD_EVENTS_TYPE,
  CloudEventAnswer,
  CloudEventsSource,
  cloudEventOf,
} from '../../src/api/entry-formats/entry-cloud-event.ts'
import { entry, unreadableEntry } from '../support/entries.ts'

/** As the official package reads a batch that came over HTTP. */
const received = (events: readonly unknown[]): CloudEvent<unknown>[] =>
  HTTP.toEvent({
    headers: { 'content-type': CLOUD_EVENTS_TYPE },
    body: JSON.stringify(events),
  }) as CloudEvent<unknown>[]

test('an Entry is a CloudEvent that the official package takes', () => {
  const given = entry()
  const [event] = received([cloudEventOf(given, CLOUD_EVENTS_SOURCE)])
  expect(event?.validate()).toBe(true)
  expect(event?.toJSON()).toEqual({
    specversion: '1.0',
    id: given.event_id,
    source: '/run-ledger',
    type: 'run-ledger.RunStatusChanged.v1',
    subject: 'run-1',
    time: '2026-05-04T12:00:00.000Z',
    datacontenttype: 'application/json',
    recordedtime: '2026-05-04T12:00:01.000Z',
    sequence: '00000000000000000007',
    correlationid: 'correlation-1',
    causationid: 'command-1',
    actor: 'alice',
    data: given.data,
  })
})

test('what could not be read of an event is left out of its CloudEvent, which is valid all the same', () => {
  const made = JSON.parse(JSON.stringify(cloudEventOf(unreadableEntry(), 'urn:example:ledger')))
  expect(Object.keys(made)).toEqual(['specversion', 'id', 'source', 'type', 'subject', 'recordedtime', 'sequence'])
  expect(made.type).toBe('run-ledger.RunStatusChanged')
  expect(CloudEventAnswer.parse(made)).toEqual(made)
  expect(received([made])[0]?.validate()).toBe(true)
})

test.each(['/run-ledger', 'https://ledger.example/runs?x=1#y', 'urn:uuid:6e8bc430', 'a', '%20'])(
  '%s is a source, and one that the official package takes',
  (source) => {
    expect(CloudEventsSource.safeParse(source).success).toBe(true)
    expect(received([cloudEventOf(entry(), source)])[0]?.source).toBe(source)
  },
)

test.each(['', 'a b', '%2', 'ä', '<x>', '\n', 'x'.repeat(1025)])('%j is no source', (source) => {
  expect(CloudEventsSource.safeParse(source).success).toBe(false)
})
